"""The bytes and messages of one editor: frames, JSON, columns, and what the session serves."""
