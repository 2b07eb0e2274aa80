"""The embedded development gateway: for one person on one machine, and for every test."""
