"""What becomes of a model's text before it may be shown."""
