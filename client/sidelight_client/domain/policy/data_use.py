"""What becomes of the code that is sent, as the organisation's policy document tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataUse:
    """Where code goes and what is done with it. What the document does not say is unknown.

    Attributes:
        processed_in: where requests are answered, in the organisation's own words.
        kept_days: for how long requests are kept after the answer; 0 for not at all.
        trained_on: whether models are trained on them.
        url: the page that says so at length.
    """

    processed_in: str = ""
    kept_days: float | None = None
    trained_on: bool | None = None
    url: str = ""
