"""The language server: one file per capability; it reaches the broker through `sidelight_client.api` only."""
