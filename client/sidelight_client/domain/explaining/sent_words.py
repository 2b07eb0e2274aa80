"""What was sent for one request, as a document a person can read: the exact text, with headings."""

from __future__ import annotations

import time

from ..window import CutReason
from .sent_text import SentText
from .window_words import file_name

LONGEST = 200_000
"""Code points; a window is far smaller, and a file for an editor must not be larger."""

_CUT = {
    CutReason.BUDGET: "there was no room for it",
    CutReason.POLICY: "a rule keeps it here",
    CutReason.SIZE: "it is too large",
    CutReason.AGE: "it was not looked at lately",
    CutReason.SCOPE: "it belongs to another repository",
    CutReason.UNRELATED: "nothing in it resembles the place of the cursor",
}


def sent_document(sent: SentText) -> str:
    """The document. Between its headings stands exactly what was sent, in the order it was sent."""
    when = time.strftime("%H:%M:%S", time.localtime(sent.at))
    lines = [
        "What was sent",
        "=============",
        "",
        f"At {when}, to {sent.to or 'the gateway'}, trace id {sent.trace_id}.",
    ]
    redactions = list(sent.redactions())
    if redactions:
        count = len(redactions)
        lines.append(
            f"{count} value{'' if count == 1 else 's'} did not leave. In the text below stands in "
            f"{'its' if count == 1 else 'their'} place: {', '.join(redactions)}"
        )
    if not sent.searched:
        lines.append("Not all of it could be checked with every rule before it left.")
    if sent.shrunk:
        lines.append("The model takes less than was chosen, so the outer lines were left out.")
    for part in sent.window.parts:
        if not part.text:
            continue
        first, last = part.range.start.line + 1, part.range.end.line + 1
        heading = f"{file_name(part.uri)}, lines {first} to {last}: {part.why}"
        lines += ["", heading, "-" * min(len(heading), 100), part.text.rstrip("\r\n")]
    if sent.window.cuts:
        lines += ["", "Left out", "--------"]
        for cut in sent.window.cuts:
            where = ""
            if cut.range is not None:
                where = f" from line {cut.range.start.line + 1}"
            plural = "" if cut.lines == 1 else "s"
            lines.append(
                f"{file_name(cut.uri)}: {cut.lines:,} line{plural}{where}, because {_CUT[cut.why]}"
            )
    return "\n".join(lines)[:LONGEST] + "\n"
