"""What files import and where it is defined, found by reading lines."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.window.imports import (
    LANGUAGES,
    Imported,
    defined,
    definition_end,
    imported,
    is_module,
    wanted,
)

ORDERS = ("Order", "total")


@pytest.mark.parametrize(
    ("language", "text", "module", "names"),
    [
        ("python", "from shop.orders import Order, total as sum_of", "shop.orders", ORDERS),
        ("python", "from .orders import (\n    Order,  # one\n    total,\n)", ".orders", ORDERS),
        ("python", "import shop.orders as o", "shop.orders", ()),
        ("typescript", 'import { Order, type total as T } from "./orders";', "./orders", ORDERS),
        (
            "typescript",
            "import {\n  Order,\n  total,\n} from '../orders.js'",
            "../orders.js",
            ORDERS,
        ),
        ("javascript", "const { Order } = require('./orders')", "./orders", ("Order",)),
        ("javascript", "export { Order } from './orders'", "./orders", ("Order",)),
        ("go", 'import (\n\t"fmt"\n\to "example.com/orders"\n)', "example.com/orders", ()),
    ],
)
def test_imports_are_read(language: str, text: str, module: str, names: tuple[str, ...]) -> None:
    (one,) = imported([line + "\n" for line in text.split("\n")], language)
    assert one == Imported(module, names)


def test_other_languages_have_none() -> None:
    assert imported(["import x\n"], "cobol") == ()


def test_a_module_imported_twice_counts_once() -> None:
    assert wanted([Imported("a", ("x",)), Imported("b"), Imported("a", ("y", "x"))]) == {
        "a": ("x", "y"),
        "b": (),
    }


@pytest.mark.parametrize(
    ("path", "module", "importer", "language", "same"),
    [
        ("/w/shop/orders.py", "shop.orders", "/w/main.py", "python", True),
        ("/w/shop/orders/__init__.py", ".orders", "/w/shop/a.py", "python", True),
        ("/w/shop/reorders.py", "orders", "/w/main.py", "python", False),
        ("/w/src/orders.ts", "./orders", "/w/src/main.ts", "typescript", True),
        ("/w/src/orders/index.ts", "./orders", "/w/src/main.ts", "typescript", True),
        ("/w/orders.ts", "../orders.js", "/w/src/main.ts", "typescript", True),
        ("/w/orders.ts", "orders", "/w/src/main.ts", "typescript", False),
        ("/w/shop/orders/total.go", "example.com/shop/orders", "/w/main.go", "go", True),
        ("/w/orders.py", ".", "/w/main.py", "python", False),
    ],
)
def test_a_module_is_found_by_its_path(
    path: str, module: str, importer: str, language: str, same: bool
) -> None:
    assert is_module(path, module, importer, language) is same


@pytest.mark.parametrize(
    ("line", "language", "name"),
    [
        ("def total(order):\n", "python", "total"),
        ("async def load():\n", "python", "load"),
        ("class Order(Base):\n", "python", "Order"),
        ("LIMIT: int = 3\n", "python", "LIMIT"),
        ("    def method(self):\n", "python", None),
        ("print(total)\n", "python", None),
        ("export default async function load() {\n", "typescript", "load"),
        ("export const LIMIT = 3;\n", "typescript", "LIMIT"),
        ("func (o *Order) Total() int {\n", "go", "Total"),
        ("type Order struct {\n", "go", "Order"),
        ("", "python", None),
        ("def f():\n", "cobol", None),
    ],
)
def test_a_definition_is_known_by_its_line(line: str, language: str, name: str | None) -> None:
    assert defined(line, language) == name


def test_a_definition_is_shown_up_to_the_next_and_no_further_than_its_beginning() -> None:
    lines = ["def f():\n", "    return 1\n", "\n", "\n", "def g():\n"]
    assert definition_end(lines, 0) == 2
    assert definition_end(["class C:\n", *["    x = 1\n"] * 50], 0) == 12
    assert definition_end(["func f() {\n", "\treturn\n", "}\n", "\n"], 0) == 3


@given(st.lists(st.text(max_size=60), max_size=20), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_can_be_read(lines: list[str], language: str) -> None:
    for one in imported(lines, language):
        assert one.module
    assert all(defined(line, language) != "" for line in lines)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize(
    "hostile", ["from " + "a." * 9_000, "import " + "{," * 9_000, "export " * 9_000, '"' * 20_000]
)
def test_a_hostile_line_costs_no_more_than_its_first_characters(
    language: str, hostile: str
) -> None:
    began = time.process_time()
    imported([hostile] * 100, language)
    defined(hostile, language)
    assert time.process_time() - began < 5, "a time-out, not a measurement"
