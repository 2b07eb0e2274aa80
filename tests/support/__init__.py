"""What tests of several parts share: real parts started, scripted parts, checkers."""
