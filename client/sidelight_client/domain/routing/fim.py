"""How a model is told what stands after the cursor: the ways there are, and which one to use.

The order is the one of decreasing quality: the server's own endpoint, `suffix`, the model family's
own tokens, an instruction to a chat model, and nothing at all. Servers drop `suffix` without a word
(llama.cpp's `/v1/completions`), so a way counts as working when an answer has shown that it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..place import Document, Position, Range
from ..window import Part, PartKind, Window


class Mode(StrEnum):
    """How the text after the cursor is told to the model; the best way first."""

    INFILL = "infill"
    """The server's own endpoint for filling in; where it has none, the same as `suffix`."""
    SUFFIX = "suffix"
    """`suffix` of `/v1/completions`."""
    TEMPLATE = "template"
    """The model family's own tokens around the texts, in the prompt of `/v1/completions`."""
    CHAT = "chat"
    """An instruction to a chat model."""
    PREFIX = "prefix"
    """Not at all."""


class Shown(StrEnum):
    """What answers have shown about a way, or about streaming."""

    WORKS = "works"
    FAILS = "fails"
    """It was refused, or the answer did not know what it was told."""
    UNCLEAR = "unclear"
    """The answer was empty. The way is used, and not tried again for a while."""


@dataclass(frozen=True, slots=True)
class Template:
    """One model family's own tokens.

    Attributes:
        text: with `{prefix}` and `{suffix}` where the texts go.
        stop: tokens that end the answer; servers that treat them as text send them along.
    """

    text: str
    stop: tuple[str, ...] = ()

    @property
    def tokens(self) -> tuple[str, ...]:
        """What must not stand in a person's text, or the model would take it for its own."""
        return tuple(token for token in re.split(r"\{\w+\}| ", self.text) if token) + self.stop

    def filled(self, prefix: str, suffix: str) -> str:
        return self.text.replace("{suffix}", suffix, 1).replace("{prefix}", prefix, 1)


_QWEN = Template(
    "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
    ("<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|im_end|>"),
)
_STARCODER = Template(
    "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>", ("<|endoftext|>", "<file_sep>")
)
_FAMILIES: tuple[tuple[str, Template], ...] = (
    # arXiv:2409.12186 §3.2
    (r"qwen[\d.]*-?coder", _QWEN),
    # arXiv:2308.12950 §2.3; its tokenizer puts the spaces there.
    (r"code-?llama", Template("<PRE> {prefix} <SUF>{suffix} <MID>", ("<EOT>",))),
    # arXiv:2305.06161 §5; SmolLM's makers used the same tokens, and not every one of its models has them.
    (r"star-?coder|smol-?lm", _STARCODER),
    # arXiv:2401.14196 §3.1; its bars are full-width, its blanks blocks.
    (
        r"deepseek.*coder",
        Template(
            "<\uff5cfim\u2581begin\uff5c>{prefix}<\uff5cfim\u2581hole\uff5c>{suffix}"
            "<\uff5cfim\u2581end\uff5c>",
            ("<\uff5cend\u2581of\u2581sentence\uff5c>",),
        ),
    ),
    # huggingface.co/mistralai/Codestral-22B-v0.1: the suffix comes first.
    (r"codestral", Template("[SUFFIX]{suffix}[PREFIX]{prefix}", ("</s>",))),
    # ai.google.dev/gemma/docs/codegemma
    (
        r"code-?gemma",
        Template(
            "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
            ("<|file_separator|>", "<eos>"),
        ),
    ),
)


def template_of(model: str) -> Template | None:
    """The template of the family that `model` names; None for one that is not known."""
    name = model.lower().replace("_", "-")
    return next((found for pattern, found in _FAMILIES if re.search(pattern, name)), None)


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of one model at one address.

    Attributes:
        ways: what was shown about each way.
        streams: what was shown about streamed answers; None while nothing was.
        at: wall-clock seconds when something was last learned.
    """

    ways: Mapping[Mode, Shown] = field(default_factory=dict[Mode, Shown])
    streams: Shown | None = None
    at: float = 0.0

    def showing(self, mode: Mode, shown: Shown, now: float) -> Learned:
        return replace(self, ways={**self.ways, mode: shown}, at=now)


KEPT_S = 86_400.0
"""After a day everything is open again: models and gateways are replaced."""


def best_way(wanted: Mode, model: str, learned: Learned) -> Mode:
    """The best way that is not known to fail, from the one that is announced or usual downwards.

    The last way cannot fail. A server that refuses its own endpoint is not asked with `suffix`:
    it has no other, or it is llama.cpp and would drop it.
    """
    ways = list(Mode)
    for way in ways[ways.index(wanted) :]:
        untold = way is Mode.TEMPLATE and template_of(model) is None
        dropped = way is Mode.SUFFIX and wanted is Mode.INFILL
        if not (untold or dropped or learned.ways.get(way) is Shown.FAILS):
            return way
    return Mode.PREFIX


def unproven(way: Mode, learned: Learned) -> bool:
    """Whether a canary would tell if `way` works.

    A server's own endpoint and a chat answer with an error where they do not; `suffix` and tokens
    of another family just do nothing.
    """
    return way in (Mode.SUFFIX, Mode.TEMPLATE) and way not in learned.ways


# --- the canary ------------------------------------------------------------------------------

_WORD = "quokka"
_BEFORE = 'label = read_label()\nassert label == "'
_AFTER = f'"\nassert label == "{_WORD}"\nassert label == "{_WORD}"\n'
_URI = "sidelight:canary"
CANARY_TOKENS = 8
CANARY_DOCUMENT = Document(_URI, "python")


def canary() -> Window:
    """A question that can be answered from what stands after the cursor, and only from there."""
    cursor = Position(1, len(_BEFORE.rpartition("\n")[2]))
    return Window(
        (
            Part(PartKind.PREFIX, _URI, Range(Position(0, 0), cursor), _BEFORE, "canary"),
            Part(PartKind.SUFFIX, _URI, Range(cursor, Position(4, 0)), _AFTER, "canary"),
        )
    )


def reading(answer: str) -> Shown:
    """What the canary's answer shows about the way it was asked in."""
    if not answer.strip():
        return Shown.UNCLEAR
    return Shown.WORKS if _WORD in answer else Shown.FAILS
