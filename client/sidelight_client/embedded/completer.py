"""The workspace completer: it goes on as the person's own code went on in the same context before.

It is no model. It looks for the longest context (up to 8 tokens in the workspace, 6 in the file
itself) that occurred before, lets the continuations vote, and stops where they disagree. The answer
names the place it comes from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .token_index import LONGEST_CONTEXT, TokenIndex
from .tokens import tokens_of, unix_lines
from .trimming import trimmed

IN_FILE_CONTEXT = 6
"""Tokens of context that count in the file itself."""

_PROMPT_CHARS = 12_000
_SUFFIX_CHARS = 4_000
_LOCAL_CANDIDATES = 64

_WEIGHT_PER_TOKEN = 3.0
"""How much more a continuation counts for each further token of context it agrees with."""
_LOCAL_PREFERENCE = 3.0
_FIRST_SHARE = 0.3
"""Of the votes' weight for the first token: less, and the answer is nothing."""
_NEXT_SHARE = 0.4
_NEXT_LINE_SHARE = 0.75
_NEXT_LINE_CONTEXT = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The text to insert, which may be empty, and where it comes from."""

    text: str
    label: str
    tokens: int = 0
    cut_short: bool = False
    """Whether `max_tokens` ended it."""


NOTHING = Suggestion("", "no match")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One earlier occurrence: `position` is the token that would come next."""

    position: int
    weight: float
    agreeing: int
    local: bool


class Completer:
    """Answers from `index` and from the request's own text; the same question, the same answer."""

    def __init__(self, index: TokenIndex) -> None:
        self.index = index

    def complete(
        self,
        prompt: str,
        suffix: str = "",
        *,
        max_tokens: int = 64,
        max_lines: int = 4,
        stop: Sequence[str] = (),
    ) -> Suggestion:
        """What could stand between `prompt` and `suffix`; it holds the processor a few milliseconds."""
        return self.alternatives(
            prompt, suffix, most=1, max_tokens=max_tokens, max_lines=max_lines, stop=stop
        )[0]

    def alternatives(
        self,
        prompt: str,
        suffix: str = "",
        *,
        most: int,
        max_tokens: int = 64,
        max_lines: int = 4,
        stop: Sequence[str] = (),
    ) -> tuple[Suggestion, ...]:
        """`complete`, and what those places say that were outvoted: at most `most`, at least one."""
        here = tokens_of(unix_lines(prompt[-_PROMPT_CHARS:]))
        if not here or max_tokens < 1:
            return (NOTHING,)
        # The last piece may be unfinished: "retu" goes on as "return", a lone line end as an indent.
        begun = here.pop()
        after = tokens_of(unix_lines(suffix[:_SUFFIX_CHARS]))
        local = [*here, "", *after, ""]
        candidates = self._candidates(here, begun, local)
        lines = 1 if suffix.partition("\n")[0].strip() else max_lines
        found: list[Suggestion] = []
        while candidates and len(found) < most:
            taken, leading = self._vote(candidates, local, max_tokens, lines)
            candidates = [one for one in candidates if not self._says(local, one, taken)]
            text = "".join(taken)[len(begun) :]
            text = trimmed(text, unix_lines(suffix), tuple(stop))
            if not text.strip():
                break
            if "\r\n" in prompt[-_PROMPT_CHARS:]:
                text = text.replace("\n", "\r\n")
            found.append(
                Suggestion(text, self._label(leading), len(taken), len(taken) >= max_tokens)
            )
        return tuple(found) or (NOTHING,)

    def _candidates(
        self, here: Sequence[str], begun: str, local: Sequence[str]
    ) -> list[_Candidate]:
        context = here[-LONGEST_CONTEXT:]
        found = [
            _Candidate(place.position, _weight(place.agreeing), place.agreeing, local=False)
            for place in self.index.find(context)
            if self._goes_on(place.position, begun)
        ]
        if context:
            found += self._local_candidates(here, begun, local)
        strongest = max((candidate.agreeing for candidate in found), default=0)
        # One short context says nothing unless the person has begun the word or others agree.
        evidence = strongest + len(begun.strip()) + min(len(found), 4) / 2
        return found if evidence >= _WEIGHT_PER_TOKEN else []

    def _goes_on(self, position: int, begun: str) -> bool:
        """Whether the indexed text there begins with `begun` and says more than that.

        The very file that is being edited is in the index as it is on disk, and ends here.
        """
        text = self.index.text_at(position)
        return text.startswith(begun) and (text != begun or self.index.text_at(position + 1) != "")

    def _local_candidates(
        self, here: Sequence[str], begun: str, local: Sequence[str]
    ) -> list[_Candidate]:
        last = here[-1]
        positions = [
            i
            for i, (before, token) in enumerate(pairwise(local), 1)
            if before == last and token.startswith(begun) and token
        ]
        found: list[_Candidate] = []
        for position in positions[-_LOCAL_CANDIDATES:]:
            agreeing = 0
            for back in range(1, min(IN_FILE_CONTEXT, len(here), position) + 1):
                if local[position - back] != here[-back]:
                    break
                agreeing += 1
            weight = _weight(agreeing) * _LOCAL_PREFERENCE
            found.append(_Candidate(position, weight, agreeing, local=True))
        return found

    def _vote(
        self,
        candidates: list[_Candidate],
        local: Sequence[str],
        max_tokens: int,
        max_lines: int,
    ) -> tuple[list[str], _Candidate]:
        """The tokens most of the weight agrees on, and the candidate that led them."""
        taken: list[str] = []
        lines = 1
        leading = candidates[0]
        while len(taken) < max_tokens:
            following = [(self._token(local, one, len(taken)), one) for one in candidates]
            votes: defaultdict[str, float] = defaultdict(float)
            for token, candidate in following:
                votes[token] += candidate.weight
            # Ties go to the first in order of the alphabet, so that the answer does not waver.
            token = min(votes, key=lambda word: (-votes[word], word))
            share = votes[token] / sum(votes.values())
            if not token or share < (_NEXT_SHARE if taken else _FIRST_SHARE):
                break
            if token.startswith("\n") and taken:
                lines += 1
                strongest = max(candidate.agreeing for candidate in candidates)
                sure = share >= _NEXT_LINE_SHARE and strongest >= _NEXT_LINE_CONTEXT
                if lines > max_lines or not sure:
                    break
            candidates = [candidate for said, candidate in following if said == token]
            leading = max(candidates, key=lambda candidate: (candidate.weight, candidate.position))
            taken.append(token)
        return taken, leading

    def _says(self, local: Sequence[str], candidate: _Candidate, taken: list[str]) -> bool:
        """Whether a candidate goes on with `taken`."""
        return all(self._token(local, candidate, n) == token for n, token in enumerate(taken))

    def _token(self, local: Sequence[str], candidate: _Candidate, step: int) -> str:
        """The token `step` places into the candidate's continuation; empty where its text ends."""
        position = candidate.position + step
        if candidate.local:
            return local[position] if position < len(local) else ""
        return self.index.text_at(position)

    def _label(self, candidate: _Candidate) -> str:
        if candidate.local:
            return "this file"
        file = self.index.file_at(candidate.position)
        return f"workspace match: {file.label}:{file.line_of(candidate.position)}"


def _weight(agreeing: int) -> float:
    return _WEIGHT_PER_TOKEN**agreeing
