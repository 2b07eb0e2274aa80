"""What a text says that should perhaps not leave: rules, verdicts, live scan, redaction. Pure."""
