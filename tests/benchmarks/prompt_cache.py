"""How much of each prompt a provider with prefix caching would have kept, over a typing trace.

`python -m benchmarks.prompt_cache` from `tests/` prints one line a mode. Nothing is sent: the
prompts are made by the server's own code, and compared in blocks of 128 tokens, as providers do.
Real source is cut out of a file and typed back, with visits to other files in between.

Where the request has a field of its own for the text after the cursor, the provider decides which
of the two comes first: both are printed, and only the order we decide about is judged.
"""

from __future__ import annotations

import argparse
import json
import random
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from sidelight_client.api import CompletionRequest, Document, Position, Tier, Window, WindowLimits
from sidelight_client.domain.routing.fim import Mode
from sidelight_client.gateways.encoding import encode
from sidelight_lsp.documents.context import Context
from sidelight_lsp.documents.documents import Documents

BLOCK = 128
"""Tokens; what OpenAI and vLLM-like caches count a kept prompt in."""
BYTES_A_TOKEN = 3.6
TARGET = 0.8
REMEMBERED = 32
"""Prompts a provider still has; minutes of typing."""
KEYS_A_REQUEST = (4, 30)
"""Between two requests; about 60 requests a thousand keys."""
FILES = ("argparse.py", "tarfile.py", "inspect.py", "shutil.py")
SIZES = (300, 4_200, 20_000)
TYPED_LINES = 60
VISITS = 3


class Everything:
    """The part of the broker the context asks: one repository in which everything may be sent."""

    def document(self, uri: str, language: str) -> Document:
        return Document(uri, language, "example.com/owner/name")

    def may_leave(self, uri: str, language: str) -> bool:
        return bool(uri and language)


@dataclass(slots=True)
class Cache:
    """Counts what of each prompt was the beginning of an earlier one.

    Attributes:
        least: the shortest prompt the provider caches at all, in tokens.
    """

    least: int = 0
    seen: list[bytes] = field(default_factory=list[bytes])
    sent: float = 0.0
    kept: float = 0.0

    def ask(self, prompt: bytes) -> None:
        common = max((_common(prompt, other) for other in self.seen), default=0)
        tokens = len(prompt) / BYTES_A_TOKEN
        cached = int(common / BYTES_A_TOKEN) // BLOCK * BLOCK
        self.sent += tokens
        self.kept += cached if tokens >= self.least and cached >= self.least else 0
        self.seen = [*self.seen, prompt][-REMEMBERED:]

    @property
    def ratio(self) -> float:
        return self.kept / self.sent if self.sent else 0.0


class Layout(StrEnum):
    """In which order a model reads the texts of a request."""

    CHAT = "chat, as we lay it out"
    SUFFIX_FIRST = "suffix field, put first"
    SUFFIX_LAST = "suffix field, put last"


@dataclass(frozen=True, slots=True)
class Result:
    """One layout over one trace: the share of tokens kept, and how long the prompts were.

    Attributes:
        ratio_from_1024: the same where nothing shorter than 1,024 tokens is cached (OpenAI).
    """

    layout: Layout
    lines: int
    tabs: int
    ratio: float
    ratio_from_1024: float
    requests: int
    prompt_bytes: float


def windows(lines: int, tabs: int, seed: int) -> Iterator[tuple[Document, Window]]:
    """The windows of the requests of one trace in a file of about `lines` lines."""
    chance = random.Random(seed)
    documents = Documents()
    context = Context(Everything(), documents)
    library = Path(sysconfig.get_path("stdlib"))
    sources = [(library / name).read_text(encoding="utf-8") for name in FILES]
    repeated = sources[0].splitlines(keepends=True)
    whole = (repeated * (lines // len(repeated) + 1))[:lines]
    for number, source in enumerate(sources[1 : tabs + 1]):
        _open(documents, f"file:///repo/tab{number}.py", source)
    uri = "file:///repo/main.py"
    first = lines // 2
    typed = "".join(whole[first : first + TYPED_LINES])
    _open(documents, uri, "".join([*whole[:first], "\n", *whole[first + TYPED_LINES :]]))
    visits = {chance.randrange(len(typed)) for _ in range(VISITS)} if tabs else set[int]()
    row, column, wait = first, 0, 0
    for place, key in enumerate(typed):
        at = {"line": row, "character": column}
        change = {"range": {"start": at, "end": at}, "text": key}
        documents.did_change({"textDocument": {"uri": uri}, "contentChanges": [change]})
        row, column = (row + 1, 0) if key == "\n" else (row, column + 1)
        if place in visits:
            yield _window(context, documents, "file:///repo/tab0.py", Position(40, 0))
        wait -= 1
        if wait <= 0:
            wait = chance.randint(*KEYS_A_REQUEST)
            yield _window(context, documents, uri, Position(row, column))


def measure(layout: Layout, lines: int, tabs: int, seed: int = 1) -> Result:
    """One layout over one trace."""
    plain, long = Cache(), Cache(least=1_024)
    requests = size = 0
    for document, window in windows(lines, tabs, seed):
        mode = Mode.CHAT if layout is Layout.CHAT else Mode.SUFFIX
        request = CompletionRequest("0" * 32, document, window)
        prompt = _prompt(encode(request, "m", mode).body, layout)
        plain.ask(prompt)
        long.ask(prompt)
        requests += 1
        size += len(prompt)
    return Result(layout, lines, tabs, plain.ratio, long.ratio, requests, size / requests)


def _prompt(body: bytes, layout: Layout) -> bytes:
    """What a model reads of a request."""
    sent = json.loads(body)
    match layout:
        case Layout.CHAT:
            texts = [message["content"] for message in sent["messages"]]
        case Layout.SUFFIX_FIRST:
            texts = [sent.get("suffix", ""), sent["prompt"]]
        case Layout.SUFFIX_LAST:
            texts = [sent["prompt"], sent.get("suffix", "")]
        case _:
            assert_never(layout)
    return "\0".join(texts).encode()


def _common(one: bytes, other: bytes) -> int:
    if one == other:
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _open(documents: Documents, uri: str, text: str) -> None:
    opened = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    documents.did_open({"textDocument": opened})


def _window(
    context: Context, documents: Documents, uri: str, at: Position
) -> tuple[Document, Window]:
    document = documents.get(uri)
    assert document is not None
    where = Document(uri, "python", "example.com/owner/name")
    return where, context.window(document, at, where, Tier.FAST, WindowLimits())


def main(say: Callable[[str], None] = print) -> int:
    """Print every layout, size and number of open files; 1 when ours is below the target."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    missed = 0
    for layout in Layout:
        for lines in SIZES:
            for tabs in (0, 3):
                result = measure(layout, lines, tabs, seed)
                failed = layout is Layout.CHAT and result.ratio < TARGET
                missed += failed
                verdict = "FAIL" if failed else "PASS" if layout is Layout.CHAT else "–"
                say(
                    f"#14 cached tokens | {layout.value:23} | {lines:6} lines, {tabs} tabs | "
                    f"{result.ratio:.3f} (>= {TARGET}), {result.ratio_from_1024:.3f} where caching"
                    f" begins at 1,024 tokens | {result.prompt_bytes:.0f} bytes a prompt | "
                    f"n={result.requests} | {verdict}"
                )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
