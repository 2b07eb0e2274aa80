"""Models that run on this machine, and what a gateway tells of its own."""
