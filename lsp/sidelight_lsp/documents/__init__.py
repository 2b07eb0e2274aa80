"""The open documents and what they offer as context."""
