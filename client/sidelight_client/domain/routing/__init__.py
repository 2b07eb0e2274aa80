"""Which endpoint and tier a request goes to, and when to ask again."""
