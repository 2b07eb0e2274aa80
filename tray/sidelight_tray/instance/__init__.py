"""One tray a person: how a later one finds the first."""
