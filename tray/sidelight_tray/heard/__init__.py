"""What the broker tells: the connection, and each field read by itself. No Qt but for the link."""
