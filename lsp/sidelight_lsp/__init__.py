"""The language server: one package per concern; it reaches the broker through `sidelight_client.api` only."""
