"""Outages: what the status page says, what is seen here, and thirty days of both."""
