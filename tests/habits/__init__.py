"""What tests/conftest.py holds every test to."""
