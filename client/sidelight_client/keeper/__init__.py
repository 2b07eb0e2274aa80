"""Keeps the session: one renewal per expiry across processes, one sign-in at a time."""

from __future__ import annotations

from .keeper import SessionKeeper

__all__ = ["SessionKeeper"]
