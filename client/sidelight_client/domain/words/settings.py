"""The sentences about what the settings say of a gateway; `domain.words.catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

SETTING_WORDS: dict[str, tuple[str, str, str, str]] = {
    "gateway.settings": (
        "Gateway setting not usable",
        "Part of what your settings say of the gateway is left out: {problem}.",
        "Requests go on without it, and the gateway may refuse them.",
        "Correct `gateway_document` or `gateway_headers`, then start the broker again.",
    ),
}
