"""Three people who type, written before the policy's rules were and looked at once afterwards: they judge."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from .other_languages import NOUNS, VERBS
from .traces import Trace
from .typists import Typist, chunks, quick_gap


def outliner(seed: str, keys: int) -> Trace:
    """Rust: writes the signatures of a few functions, then goes back and fills in one body after another."""
    hand = random.Random(seed)
    functions = [rust_function(hand) for _ in range(max(keys // 140, 2))]
    typist = _typist(seed, "use crate::store::Store;\n\n", "\n#[cfg(test)]\nmod tests {}\n", _even)
    for signature, _ in functions:
        typist.type(f"{signature} {{\n}}\n\n", slips=0.02)
        typist.pause(0.3, 2.0)
    for signature, body in functions:
        place = typist.text.index(signature) + len(signature) + 2
        typist.pause(1.5, 8.0)
        typist.move(place)
        for line in body:
            typist.type(f"\n    {line}", slips=0.04)
            typist.pause(0.1, 1.2)
        if typist.random.random() < 0.4:
            typist.pause(0.5, 2.0)
            typist.put("\n")
            typist.pause(0.3, 0.6)
            typist.back()
    return typist.trace("store.rs", "rust", "outliner")


def menu_user(seed: str, keys: int) -> Trace:
    """Kotlin: types how a name begins and takes the rest from the menu; brackets close by themselves."""
    hand = random.Random(seed)
    before, after = "package store\n\nclass Handlers(val db: Db) {", "\n}\n"
    typist = _typist(seed, before, after, _even)
    while len(typist.keys) < keys:
        for line in kotlin_function(hand):
            typist.put("\n" + " " * (len(line) - len(line.lstrip())))
            typist.pause(0.05, 0.7)
            _with_menus(typist, line)
        typist.pause(0.5, 5.0)
    return typist.trace("Handlers.kt", "kotlin", "menu_user")


def copier(seed: str, keys: int) -> Trace:
    """CSS and shell: copies the block above, then deletes a word at a time in it and types another."""
    hand = random.Random(seed)
    make, language = hand.choice(((css_block, "css"), (shell_block, "shellscript")))
    typist = _typist(seed, make(hand), "\n", quick_gap)
    while len(typist.keys) < keys:
        begins = typist.cursor
        block = make(hand)
        if hand.random() < 0.35:
            for piece in chunks(typist.random, block, 15, 70):
                typist.type(piece, slips=0.04, own_indent=hand.random() < 0.3)
                typist.pause(0.2, 1.5)
            continue
        typist.pause(0.6, 3.0)
        typist.put(block)
        changed = [w for w in re.finditer(r"[a-z]{4,}", block) if hand.random() < 0.25]
        shift = begins
        for word in changed:
            typist.pause(0.3, 2.0)
            typist.move(shift + word.end())
            typist.replace(shift + word.start(), len(word.group()), "")
            new = hand.choice(NOUNS)
            typist.type(new, slips=0.05)
            shift += len(new) - len(word.group())
        typist.pause(0.2, 1.0)
        typist.move(shift + len(block))
    return typist.trace(f"made.{language}", language, "copier")


JUDGING: dict[str, Callable[[str, int], Trace]] = {
    "outliner": outliner,
    "menu_user": menu_user,
    "copier": copier,
}


def rust_function(hand: random.Random) -> tuple[str, list[str]]:
    """A signature, and the lines of its body."""
    noun, verb, other = hand.choice(NOUNS), hand.choice(VERBS), hand.choice(NOUNS)
    signature = (
        f"pub fn {verb}_{noun}(store: &mut Store, {other}_id: u{hand.choice((16, 32, 64))}) "
        f"-> Result<{noun.title()}, Error>"
    )
    lines = [
        f'tracing::debug!("{verb} the {noun} of {{{other}_id}}");',
        f"let {noun} = store.{noun}s.get(&{other}_id).ok_or(Error::No{noun.title()})?;",
        f"if {noun}.{hand.choice(NOUNS)}.is_empty() {{",
        f"    return Err(Error::Empty({other}_id));",
        "}",
        f"let total: usize = {noun}.{other}s.iter().map(|one| one.len()).sum();",
        f"store.{other}s.retain(|one| one.id != {other}_id);",
        f"for {other} in &{noun}.{other}s {{",
        f"    store.{verb}({other})?;",
        "}",
    ]
    first = hand.choice((0, 1, 1, 2))
    return signature, [*lines[first : first + hand.randint(2, 6)], f"Ok({noun}.clone())"]


def kotlin_function(hand: random.Random) -> list[str]:
    """The lines of a function; each bracket closes on its own line or at the end of the function."""
    noun, verb, other = hand.choice(NOUNS), hand.choice(VERBS), hand.choice(NOUNS)
    return [
        f"    suspend fun {verb}{noun.title()}(request: Request): {noun.title()}? {{",
        f'        val {other}Id = request.parameters["{other}"] ?: return null',
        f"        val {noun} = db.{verb}({other}Id).firstOrNull()",
        f"        logger.info({noun}.toString())",
        f"        return {noun}?.copy({other} = {other}Id)",
        "    }",
        "",
    ]


def css_block(hand: random.Random) -> str:
    """One rule."""
    noun, other = hand.choice(NOUNS), hand.choice(NOUNS)
    properties = (
        f"color: var(--{noun}-{other});",
        f"padding: {hand.randint(1, 24)}px {hand.randint(1, 24)}px;",
        f"border: {hand.randint(1, 4)}px solid #{hand.randint(0, 4095):03x};",
        "display: flex;",
        f"grid-area: {other};",
        f"font-size: {hand.randint(9, 30)}px;",
    )
    lines = "".join(f"  {one}\n" for one in hand.sample(properties, hand.randint(2, 5)))
    return f".{noun}-{other} > .{hand.choice(NOUNS)} {{\n{lines}}}\n\n"


def shell_block(hand: random.Random) -> str:
    """One step of a script."""
    noun, verb, other = hand.choice(NOUNS), hand.choice(VERBS), hand.choice(NOUNS)
    return (
        f'{verb}_{noun}() {{\n  local {other}="$1"\n'
        f'  test -n "${other}" || die "no {other} for this {noun}"\n'
        f'  curl --silent "$API/{noun}s?{other}=${other}" > "$OUT/{noun}.json"\n}}\n\n'
    )


def _with_menus(typist: Typist, line: str) -> None:
    """One line: long names come from the menu after a few letters, and "(" brings its ")"."""
    for piece in re.findall(r"\s+|[A-Za-z]+|[^\sA-Za-z]", line):
        if piece.isspace() and not typist.text[: typist.cursor].rpartition("\n")[2].strip():
            continue
        if len(piece) >= 6 and typist.random.random() < 0.6:
            begun = piece[: typist.random.randint(2, 4)]
            typist.type(begun, slips=0.03)
            typist.pause(0.05, 0.4)
            typist.replace(typist.cursor - len(begun), len(begun), piece)
        elif piece == "(":
            typist.put("()")
            typist.move(typist.cursor - 1)
        elif piece == ")":
            typist.move(typist.cursor + 1)
        else:
            typist.type(piece, slips=0.03)


def _even(hand: random.Random) -> float:
    return min(max(hand.gauss(0.17, 0.05), 0.05), 0.4)


def _typist(seed: str, before: str, after: str, gap: Callable[[random.Random], float]) -> Typist:
    typist = Typist(seed, before + after, gap=gap)
    typist.cursor = len(before)
    return typist
