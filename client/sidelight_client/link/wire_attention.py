"""What travels about a person's attention: the language to pause, the notification to show."""

from __future__ import annotations

from ..domain.pauses import is_language
from ..domain.service.episodes import ShownNotice
from .frames import Json, malformed, text

_NAME_LIMIT = 200


def language_of(data: Json) -> str:
    """The language a message is about. Raises WireError."""
    language = text(data, "language", limit=_NAME_LIMIT)
    if not is_language(language):
        raise malformed("language must be the identifier of a language")
    return language


def notice_to_json(notice: ShownNotice) -> Json:
    """A notification as it travels; a click on it is the tray's own affair."""
    return {
        "topic": notice.topic,
        "title": notice.title,
        "text": notice.text,
        "warning": notice.warning,
    }
