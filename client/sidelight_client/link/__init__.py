"""The local socket between the broker and whoever uses it: shims, the command line, the tray."""
