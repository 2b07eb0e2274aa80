"""How an explanation travels over the local socket, and the question for one."""

from __future__ import annotations

from ..domain.explaining.explained import Explained
from ..domain.place import Position
from ..domain.words.catalogue import Message
from .frames import Json, integer, optional_number, section, sections, text


def place_to_json(uri: str, at: Position | None) -> Json:
    """The question: a document, and a place in it or none."""
    place = None if at is None else {"line": at.line, "character": at.character}
    return {"uri": uri, "position": place}


def place_from_json(data: Json) -> tuple[str, Position | None]:
    """The place `data` asks about. Raises WireError."""
    if data.get("position") is None:
        return text(data, "uri"), None
    place = section(data, "position")
    line, character = integer(place, "line", minimum=0), integer(place, "character", minimum=0)
    return text(data, "uri"), Position(line, character)


def explained_to_json(explained: Explained | None) -> Json:
    """The answer; `explained` is null where no editor has the document open."""
    if explained is None:
        return {"explained": None}
    return {
        "explained": {
            "message": message_to_json(explained.message),
            "trace_id": explained.trace_id,
            "more": [message_to_json(one) for one in explained.more],
            "at": explained.at,
            "line": explained.line,
        }
    }


def explained_from_json(data: Json) -> Explained | None:
    """The explanation `data` tells of. Raises WireError."""
    if data.get("explained") is None:
        return None
    said = section(data, "explained")
    line = optional_number(said, "line")
    return Explained(
        message_from_json(section(said, "message")),
        text(said, "trace_id", ""),
        sections(said, "more", message_from_json),
        optional_number(said, "at"),
        None if line is None else int(line),
    )


def message_to_json(message: Message) -> Json:
    """A sentence as it travels."""
    return {
        "code": message.code,
        "title": message.title,
        "what": message.what,
        "means": message.means,
        "do": message.do,
    }


def message_from_json(data: Json) -> Message:
    """The sentence `data` tells of. Raises WireError."""
    return Message(
        text(data, "code"),
        text(data, "title", ""),
        text(data, "what", ""),
        text(data, "means", ""),
        text(data, "do", ""),
    )
