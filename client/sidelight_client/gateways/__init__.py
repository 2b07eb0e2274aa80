"""How each kind of gateway is spoken to: one profile a file, data and small pure functions."""
