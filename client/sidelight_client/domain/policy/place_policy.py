"""Judges a place by the organisation's rules and by the workspace's own, which may only tighten.

A file can lie in several repositories, one inside the other: submodules, nested clones. Of the rules
that name a remote those of the nearest repository named by any rule count, so that an organisation
can open what is vendored into a closed place. All other rules count for every repository around the
file. Of everything that counts the strictest wins.

Architecture invariant: nothing a person can write into a work tree makes a verdict less strict,
except which repository it says it is. A marker and a workspace file only ever tighten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..words.catalogue import say
from .code_category import CodeCategory
from .globs import GlobIndex, PathGlobs
from .infrastructure import FileKind
from .organisation import Mode, PlaceRule, Policy, PolicyTrouble, Verdict

VERDICTS_KEPT = 4_096
"""Each a few hundred bytes: more files than anybody has open."""


@dataclass(frozen=True, slots=True)
class RepositoryLevel:
    """One repository around a file, or the folders around one that lies in none.

    Attributes:
        path: of the file inside it; the whole path where there is no repository.
        remotes: all of them in canonical form, the one it is known by first.
        markers: those of the rules' markers that lie in a folder around the file, inside it.
        seen: False for a file of another machine, whose repositories and markers nobody here can
            look at; `path` is then its whole path there.
    """

    path: str
    remotes: tuple[str, ...] = ()
    markers: frozenset[str] = frozenset()
    seen: bool = True


@dataclass(frozen=True, slots=True)
class WorkspaceRule:
    """A rule from a workspace file; `path` is the judged file's, below the workspace file."""

    rule: PlaceRule
    path: str


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """All that a document is judged by.

    Attributes:
        levels: the repositories around it, the nearest first; never empty.
        aliases: the same for where it really lies, where a link leads elsewhere.
        kinds: of the file.
        categories: of its code.
        own_rules: of the workspace files around it.
    """

    levels: tuple[RepositoryLevel, ...]
    aliases: tuple[RepositoryLevel, ...] = ()
    kinds: frozenset[FileKind] = frozenset()
    categories: frozenset[CodeCategory] = frozenset()
    own_rules: tuple[WorkspaceRule, ...] = ()


@dataclass(slots=True)
class _Filed:
    """The rules by the matcher they are looked up by."""

    by_remote: dict[str, list[PlaceRule]] = field(default_factory=dict[str, list[PlaceRule]])
    by_path: dict[str, list[PlaceRule]] = field(default_factory=dict[str, list[PlaceRule]])
    others: list[PlaceRule] = field(default_factory=list[PlaceRule])


class PlacePolicy:
    """A policy made ready to judge thousands of places; it costs no I/O and asks no clock."""

    def __init__(self, policy: Policy, unknown_remote: Mode = Mode.ON) -> None:
        """`unknown_remote` is the settings' word on it; the stricter of both counts."""
        self.policy = policy
        default = policy.joined(Policy(unknown_remote=unknown_remote)).unknown_remote
        self._unknown = PlaceRule(
            "unknown_remote", default, reason=say("policy.unknown_remote").what
        )
        rules = policy.place_rules
        self.markers = frozenset(rule.marker for rule in rules if rule.marker)
        """The files to look for."""
        self.reads_code = any(rule.kinds or rule.categories for rule in rules)
        """Whether any verdict depends on what a file's lines say."""
        self._remotes = GlobIndex(rule.remote for rule in rules if rule.remote)
        self._paths = PathGlobs(rule.path for rule in rules if rule.path)
        self._filed = _file(rules)
        self._verdicts: OrderedDict[DocumentPlace, Verdict] = OrderedDict()

    def judge(self, place: DocumentPlace) -> Verdict:
        """The strictest rule that counts at `place`."""
        known = self._verdicts.get(place)
        if known is not None:
            return known
        counted = [*self._counted(place.levels, place)]
        if place.aliases:
            counted += self._counted(place.aliases, place)
        counted += [
            own.rule
            for own in place.own_rules
            if not own.rule.path or PathGlobs((own.rule.path,)).matching(own.path)
        ]
        verdict = strictest(counted)
        self._verdicts[place] = verdict
        if len(self._verdicts) > VERDICTS_KEPT:
            self._verdicts.popitem(last=False)
        return verdict

    def _counted(
        self, levels: tuple[RepositoryLevel, ...], place: DocumentPlace
    ) -> list[PlaceRule]:
        counted: list[PlaceRule] = []
        known = decided = False
        for level in levels:
            matching = self._matching(level, place)
            nearest: list[PlaceRule] = []
            for rule in matching:
                (nearest if rule.remote and not rule.marker else counted).append(rule)
            if not decided:
                counted += nearest
                # What a remote that was only added says must not open what is closed further out.
                decided = any(self._names(rule, level) for rule in nearest)
            known = known or self._known(level)
        if not known and self._unknown.mode is not Mode.ON:
            counted.append(self._unknown)
        return counted

    def _matching(self, level: RepositoryLevel, place: DocumentPlace) -> list[PlaceRule]:
        """The rules all of whose matchers match at `level`, or may."""
        if not level.seen:
            return self._possible(level, place)
        remotes: set[str] = set()
        for remote in level.remotes:
            remotes |= self._remotes.matching(remote)
        paths = self._paths.matching(level.path)
        candidates = [*self._filed.others]
        for remote in remotes:
            candidates += self._filed.by_remote[remote]
        for path in paths:
            candidates += self._filed.by_path.get(path, ())
        return [
            rule
            for rule in candidates
            if (not rule.path or rule.path in paths)
            and (not rule.marker or rule.marker in level.markers)
            and (not rule.kinds or rule.kinds & place.kinds)
            and (not rule.categories or rule.categories & place.categories)
        ]

    def _possible(self, level: RepositoryLevel, place: DocumentPlace) -> list[PlaceRule]:
        """The rules that close something, and match in all that can be told of a file out of sight."""
        paths = self._paths.matching(level.path)
        return [
            _about_unseen(rule)
            for rule in self.policy.place_rules
            if rule.mode is not Mode.ON
            and (not rule.path or rule.path in paths)
            and (not rule.kinds or rule.kinds & place.kinds)
            and (not rule.categories or rule.categories & place.categories)
        ]

    def _names(self, rule: PlaceRule, level: RepositoryLevel) -> bool:
        """Whether the rule names the remote the repository is known by, and no remote whatever."""
        if not rule.remote.strip("*/?"):
            return False
        return bool(level.remotes) and rule.remote in self._remotes.matching(level.remotes[0])

    def _known(self, level: RepositoryLevel) -> bool:
        if not level.remotes:
            return False
        named = self._remotes.matching(level.remotes[0])
        return any(pattern.strip("*/?") for pattern in named)


def closing(code: str, problem: str = "") -> PlaceRule:
    """A rule that closes every place, with the catalogue's sentence for its reason."""
    return PlaceRule(code, Mode.OFF, reason=say(code, {"problem": problem}).what)


def closed(trouble: PolicyTrouble) -> Policy:
    """What holds while there should be rules and none could be read: nothing leaves."""
    return Policy(place_rules=(closing("policy.unread", trouble.value),))


def _about_unseen(rule: PlaceRule) -> PlaceRule:
    """The rule with a word on why it counts for a file that it may not mean."""
    if not rule.remote and not rule.marker:
        return rule
    return replace(rule, reason=f"{rule.reason} {say('policy.out_of_sight').text}".strip())


def strictest(rules: Iterable[PlaceRule]) -> Verdict:
    """The verdict of rules that all count; of equally strict ones the first is told."""
    verdict = Verdict(Mode.ON)
    for rule in rules:
        if verdict.rule is None or rule.mode.stricter(verdict.mode):
            verdict = Verdict(rule.mode, rule)
    return verdict


def _file(rules: Iterable[PlaceRule]) -> _Filed:
    filed = _Filed()
    for rule in rules:
        if rule.remote:
            filed.by_remote.setdefault(rule.remote, []).append(rule)
        elif rule.path:
            filed.by_path.setdefault(rule.path, []).append(rule)
        else:
            filed.others.append(rule)
    return filed
