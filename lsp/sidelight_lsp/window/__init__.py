"""One editor window beside its documents: who it is, its settings and folders, its state and commands."""
