"""Texts in languages the policy's constants were not chosen on, put together from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from .typists import cut_out

NOUNS = (
    "account", "batch", "cache", "customer", "delivery", "entry", "filter", "group", "handler",
    "invoice", "job", "ledger", "message", "node", "order", "payment", "queue", "record", "session",
    "token", "user", "voucher", "window", "zone",
)  # fmt: skip
VERBS = (
    "add",
    "build",
    "check",
    "close",
    "count",
    "fetch",
    "find",
    "load",
    "merge",
    "parse",
    "store",
)
TYPES = ("string", "int64", "bool", "time.Time", "[]byte", "error")


def go(hand: random.Random) -> str:
    """Functions with errors handed on, tabs for indentation."""
    parts = ['package store\n\nimport (\n\t"context"\n\t"fmt"\n)\n']
    for _ in range(14):
        noun, verb, other = hand.choice(NOUNS), hand.choice(VERBS), hand.choice(NOUNS)
        fields = "".join(
            f'\t{hand.choice(NOUNS).title()} {hand.choice(TYPES)} `json:"{hand.choice(NOUNS)}"`\n'
            for _ in range(hand.randint(1, 5))
        )
        parts.append(f"\ntype {noun.title()}{verb.title()}er struct {{\n{fields}}}\n")
        parts.append(
            f"\n// {verb.title()}{noun.title()} {verb}s the {noun} of one {other}.\n"
            f"func (s *Store) {verb.title()}{noun.title()}(ctx context.Context, {other}ID int64) "
            f"(*{noun.title()}, error) {{\n"
            f"\t{noun}, err := s.db.{verb.title()}(ctx, {other}ID)\n"
            "\tif err != nil {\n"
            f'\t\treturn nil, fmt.Errorf("{verb} {noun} %d: %w", {other}ID, err)\n\t}}\n'
            f"\tif len({noun}.{other.title()}s) > {hand.randint(1, 99)} {{\n"
            f'\t\ts.log.Warn("{noun} has many {other}s")\n\t}}\n'
            f"\treturn {noun}, nil\n}}\n"
        )
    return "".join(parts)


def typescript(hand: random.Random) -> str:
    """Interfaces and arrow functions."""
    parts = ['import { api } from "./api";\n']
    for _ in range(14):
        noun, verb, other = hand.choice(NOUNS), hand.choice(VERBS), hand.choice(NOUNS)
        kinds = ("string", "number", "boolean", f"{other.title()}[]", "Date | null")
        fields = "".join(
            f"  {hand.choice(NOUNS)}{hand.choice(('', 'Id', 'At'))}: {hand.choice(kinds)};\n"
            for _ in range(hand.randint(2, 6))
        )
        parts.append(f"\nexport interface {noun.title()}{other.title()} {{\n{fields}}}\n")
        parts.append(
            f"\nexport const {verb}{noun.title()} = async ({other}: {other.title()}, "
            f"limit = {hand.randint(5, 500)}): Promise<{noun.title()}[]> => {{\n"
            f"  const {noun}s = await api.get(`/{noun}s?{other}=${{{other}.id}}`);\n"
            f'  if (!{noun}s.ok) {{\n    throw new Error("no {noun}s for this {other}");\n  }}\n'
            f"  return {noun}s.items.filter((one) => one.{other}Id === {other}.id).slice(0, limit);\n"
            "};\n"
        )
    return "".join(parts)


def sql(hand: random.Random) -> str:
    """Tables and reports."""
    parts: list[str] = []
    for _ in range(12):
        noun, other = hand.choice(NOUNS), hand.choice(NOUNS)
        kinds = ("INTEGER NOT NULL", "TEXT", "TIMESTAMP DEFAULT now()", "NUMERIC(12, 2)")
        columns = "".join(
            f"    {hand.choice(NOUNS)}_{hand.choice(('id', 'name', 'at', 'sum'))} {hand.choice(kinds)},\n"
            for _ in range(hand.randint(2, 7))
        )
        parts.append(f"CREATE TABLE {noun}_{other} (\n    id BIGSERIAL PRIMARY KEY,\n{columns}")
        parts.append(f"    {other}_id BIGINT REFERENCES {other} (id)\n);\n\n")
        parts.append(
            f"SELECT a.{noun}_name, count(*) AS {other}s, sum(b.{other}_sum) AS total\n"
            f"FROM {noun} AS a\nLEFT JOIN {other} AS b ON b.{noun}_id = a.id\n"
            f"WHERE b.{other}_at >= date '20{hand.randint(10, 26)}-0{hand.randint(1, 9)}-01'\n"
            f"GROUP BY a.{noun}_name\nHAVING count(*) > {hand.randint(1, 40)}\nORDER BY total DESC;\n\n"
        )
    return "".join(parts)


def yaml(hand: random.Random) -> str:
    """Services and their environments: short lines, much alike."""
    parts = ["services:\n"]
    for _ in range(18):
        noun, other = hand.choice(NOUNS), hand.choice(NOUNS)
        names = "".join(
            f'      {hand.choice(NOUNS).upper()}_{hand.choice(NOUNS).upper()}: "{hand.randint(1, 9999)}"\n'
            for _ in range(hand.randint(1, 5))
        )
        parts.append(
            f"  {noun}-{other}:\n    image: registry.example/{noun}/{other}:{hand.randint(1, 9)}."
            f"{hand.randint(0, 20)}\n    environment:\n{names}    depends_on: [{hand.choice(NOUNS)}]\n"
            f'    ports:\n      - "{hand.randint(1000, 9999)}:80"\n\n'
        )
    return "".join(parts)


LANGUAGES: dict[str, Callable[[random.Random], str]] = {
    "go": go,
    "typescript": typescript,
    "sql": sql,
    "yaml": yaml,
}


def cut(hand: random.Random, text: str, keys: int) -> tuple[str, str, str]:
    """What stands before, what is typed, what follows; cut at line ends."""
    lines = text.splitlines(keepends=True)
    first = hand.randrange(len(lines) // 8, len(lines) // 2)
    last, size = first, 0
    while last < len(lines) and size < keys:
        size += len(lines[last].lstrip(" "))
        last += 1
    return cut_out(lines, first, last)
