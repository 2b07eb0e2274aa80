"""The tray: a separate process that paints the broker's snapshots and decides nothing about them."""
