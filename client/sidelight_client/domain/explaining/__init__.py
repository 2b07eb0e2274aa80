"""What a person is told who asks why, or what was sent."""
