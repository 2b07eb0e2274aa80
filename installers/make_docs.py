"""Writes the pages of docs/ that come from what the code declares once: settings, conditions, words.

tests/test_docs.py fails while a page is not what this file would write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidelight_client.settings import Setting, Value

ROOT = Path(__file__).resolve().parent.parent

WRITTEN = "<!-- Written by `python3 installers/dev.py docs`: change the code instead. -->"


def main(arguments: Sequence[str]) -> int:
    """Write the pages; with `--check` only say which are out of date, and return 1 if one is."""
    sys.path.insert(0, str(ROOT / "client"))
    check = "--check" in arguments
    stale = {name: text for name, text in pages().items() if written(name) != text}
    for name, text in stale.items():
        if not check:
            (ROOT / "docs" / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"docs/{name} {'is out of date' if check else 'written'}")
    return 1 if stale and check else 0


def written(name: str) -> str:
    """The page as it is; empty when there is none."""
    page = ROOT / "docs" / name
    return page.read_text(encoding="utf-8") if page.exists() else ""


def pages() -> dict[str, str]:
    """The pages as they should be, by file name; `sidelight_client` must be importable."""
    return {
        "settings.md": "\n".join(_settings()),
        "conditions.md": "\n".join(_conditions()),
        "explanations.md": "\n".join(_explanations()),
    }


def _settings() -> list[str]:
    from sidelight_client.settings import SETTINGS, Layer

    lines = [
        "# Settings",
        WRITTEN,
        "",
        "Most people need one line in `config.toml`:",
        "",
        "```toml",
        'gateway = "https://gateway.example.com"',
        "```",
        "",
        (
            "A dot in a name is a section of the file: "
            "`completions.enabled` is `enabled` under `[completions]`."
        ),
        "A value can come from several places. Strongest first, they are: "
        + ", ".join(f"`{layer.value}`" for layer in Layer)
        + ".",
        "`sidelight config explain KEY` says which of them decided.",
        "What the organisation's policy file sets is locked.",
        "A value that is not valid is reported, and the next place decides.",
        "",
    ]
    for setting in SETTINGS.values():
        lines += _setting(setting)
    return lines


def _setting(setting: Setting) -> list[str]:
    facts = [f"- Type: {setting.kind.value}", f"- Default: {_shown(setting.default)}"]
    if setting.choices:
        facts.append("- One of: " + ", ".join(f"`{choice}`" for choice in setting.choices))
    if setting.minimum is not None and setting.maximum is not None:
        facts.append(f"- From {setting.minimum:,} to {setting.maximum:,}")
    facts.append(f"- Environment: `{setting.environment_name}`")
    return [f"## `{setting.key}`", "", setting.sentence, "", *facts, ""]


def _shown(value: Value) -> str:
    match value:
        case "" | ():
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`{', '.join(value)}`"
        case _:
            return f"`{value}`"


def _conditions() -> list[str]:
    from sidelight_client.domain.health import CONDITIONS
    from sidelight_client.domain.words import words

    lines = [
        "# Conditions",
        WRITTEN,
        "",
        "A condition is something that is wrong, or just worth knowing, for as long as it lasts.",
        (
            "One that follows from another stays silent while its cause holds, "
            "and what usually mends itself is shown only after a while."
        ),
        "The sentences a person reads are in [explanations](explanations.md).",
        "",
        "| code | title | severity | shown after | silent while |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in CONDITIONS.values():
        after = f"{kind.time_to_visible_s:g} s" if kind.time_to_visible_s else "at once"
        causes = ", ".join(f"`{code}`" for code in kind.depends_on) or "–"
        lines.append(
            f"| [`{kind.code}`](explanations.md#{_anchor(kind.code)}) "
            f"| {words(kind.code).title} | {kind.severity.value} | {after} | {causes} |"
        )
    return [*lines, ""]


def _explanations() -> list[str]:
    from sidelight_client.domain.words import CODES, words

    lines = [
        "# Explanations",
        WRITTEN,
        "",
        (
            "Everything Sidelight can tell a person, by its code: what happened, what it means, "
            "and what to do."
        ),
        "A word in braces is filled in when the sentence is said; what is not known reads “–”.",
        "",
    ]
    for code in CODES:
        entry = words(code)
        # The title may contain facts as well, so the code, which never changes, is the heading.
        lines += [f"## `{code}`", "", f"**{entry.title}**", ""]
        lines += [f"- What happened: {entry.what}", f"- What it means: {entry.means}"]
        lines += [f"- What to do: {entry.do}", ""]
    return lines


def _anchor(code: str) -> str:
    """The anchor Markdown renderers make of a heading that is `code`."""
    return re.sub(r"[^a-z0-9_-]", "", code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
