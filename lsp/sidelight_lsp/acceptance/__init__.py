"""What became of what was shown: accepted, in part, typed over, dismissed, and still there later."""
