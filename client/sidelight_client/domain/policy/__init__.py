"""Where AI may be used: the organisation's rules, the workspace's own, and the kinds of places they name."""
