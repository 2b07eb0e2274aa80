"""What the icon shows and says, decided without Qt: state, cause, pace, words and acts."""
