"""The edge: each third-party library and each operating-system service is touched in one file here."""
