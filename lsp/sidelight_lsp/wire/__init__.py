"""The bytes and messages of one editor: frames, JSON, columns, and pygls behind the hot ones."""
