"""Writes what comes from what the code declares once: pages of docs/, and the settings of editors.

tests/test_docs.py fails while a file is not what this one would write.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidelight_client.setting_table import Setting, Value

ROOT = Path(__file__).resolve().parent.parent

VSCODE_MANIFEST = "installers/vscode/package.json"
JETBRAINS_SCHEMA = "installers/jetbrains/settings.schema.json"
EDITOR_SECTION = "sidelight.completions."
"""What an editor may set for its own window; the rest belongs to the person or the organisation."""

WRITTEN = "<!-- Written by `python3 installers/dev.py docs`: change the code instead. -->"


def main(arguments: Sequence[str]) -> int:
    """Write the files; with `--check` only say which are out of date, and return 1 if one is."""
    sys.path.insert(0, str(ROOT / "client"))
    check = "--check" in arguments
    stale = {name: text for name, text in pages().items() if written(name) != text}
    for name, text in stale.items():
        if not check:
            (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name} {'is out of date' if check else 'written'}")
    return 1 if stale and check else 0


def written(name: str) -> str:
    """The file as it is; empty when there is none."""
    page = ROOT / name
    return page.read_text(encoding="utf-8") if page.exists() else ""


def pages() -> dict[str, str]:
    """The files as they should be, by path; `sidelight_client` must be importable."""
    return {
        "docs/settings.md": "\n".join(_settings()),
        "docs/conditions.md": "\n".join(_conditions()),
        "docs/explanations.md": "\n".join(_explanations()),
        VSCODE_MANIFEST: _vscode_manifest(),
        JETBRAINS_SCHEMA: _jetbrains_schema(),
    }


def _settings() -> list[str]:
    from sidelight_client.setting_table import SETTINGS
    from sidelight_client.settings import Layer

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
    from sidelight_client.domain.words.catalogue import words

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
    from sidelight_client.domain.words.catalogue import CODES, words

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


def _vscode_manifest() -> str:
    """The manifest of the VS Code extension, with the settings an editor may set."""
    from sidelight_client.setting_table import schema

    manifest = json.loads(written(VSCODE_MANIFEST))
    declared = {k: v for k, v in schema()["properties"].items() if k.startswith(EDITOR_SECTION)}
    for entry in declared.values():
        # The server keeps one set a window: a folder's own value would be offered and not heard.
        entry["scope"] = "window"
    own = {
        "sidelight.server.path": {
            "type": "string",
            "default": "",
            "scope": "machine",
            "description": (
                "The server to run, as an absolute path; empty looks for the one this extension "
                "has set up, then for the one that is installed."
            ),
        }
    }
    manifest["contributes"]["configuration"]["properties"] = own | declared
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _jetbrains_schema() -> str:
    """The schema LSP4IJ checks the person's settings with: what an editor may set, and no more."""
    from sidelight_client.setting_table import schema

    declared = schema()
    keys = {k: v for k, v in declared["properties"].items() if k.startswith(EDITOR_SECTION)}
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",  # LSP4IJ's editor reads this draft.
        "title": declared["title"],
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _anchor(code: str) -> str:
    """The anchor Markdown renderers make of a heading that is `code`."""
    return re.sub(r"[^a-z0-9_-]", "", code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
