"""The sentences about what a person paused; `catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

PAUSES: dict[str, tuple[str, str, str, str]] = {
    "completion.language_paused": (
        "Language paused",
        "You paused suggestions in the language of this file until {until}.",
        "Nothing of these files is sent; other languages go on.",
        "Choose Resume in the tray, or name the language in `sidelight pause off --language python`.",
    ),
    "pause.unknown_language": (
        "Language not understood",
        "{given} cannot be the name of a language.",
        "Nothing was changed.",
        "Use the editor's own identifier, such as python or typescriptreact.",
    ),
}
