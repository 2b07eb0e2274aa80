"""The broker of one person: what their editors ask of the gateway, and what they are told of it."""

from __future__ import annotations

from .broker import Broker

__all__ = ["Broker"]
