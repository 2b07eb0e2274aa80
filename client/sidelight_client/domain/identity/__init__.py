"""The session with the identity provider, and how its troubles are told."""
