"""Fakes that ship: as carefully made as what they stand in for."""
