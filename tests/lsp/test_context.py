"""What a session sends beside the text at the cursor, and what it never does."""

from __future__ import annotations

import tracemalloc

from lsp.fakes import FakeBroker
from sidelight_client.api import (
    Completed,
    CompletionRequest,
    CutReason,
    Document,
    PartKind,
    Position,
    Source,
    SourceKind,
    Tier,
    Timings,
    TokenUse,
    Trigger,
    Window,
    WindowLimits,
)
from sidelight_lsp.completing.asks import Landing
from sidelight_lsp.documents.context import Context
from sidelight_lsp.documents.documents import Documents
from sidelight_lsp.documents.open_files import MOST_DOCUMENTS
from sidelight_lsp.documents.recent_edits import KEPT, RecentEdits, Spot

HERE, THERE = "file:///w/main.py", "file:///w/shop/orders.py"
ORDERS = (
    "LIMIT = 3\n\n"
    + "def unrelated(apple):\n    return apple\n\n" * 30
    + "def total(order):\n    return sum(order.prices)\n\n"
    + "class Order:\n    prices: list\n"
)


class Desk:
    """A session's documents and context without a session."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.documents = Documents()
        self.context = Context(self.broker, self.documents)

    def open(self, uri: str, text: str) -> None:
        opened = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.documents.did_open({"textDocument": opened})

    def edit(self, uri: str, row: int, text: str) -> None:
        at = {"line": row, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        self.documents.did_change({"textDocument": {"uri": uri}, "contentChanges": [change]})

    def close(self, uri: str) -> None:
        self.documents.did_close({"textDocument": {"uri": uri}})

    def window(self, uri: str = HERE, row: int = 0, limits: WindowLimits | None = None) -> Window:
        document = self.documents.get(uri)
        assert document is not None
        where = self.broker.document(uri, "python")
        at = Position(row, 0)
        base = limits or WindowLimits()
        for _ in range(8):  # What is open is read little by little, a request at a time.
            self.context.window(document, at, where, Tier.FAST, base)
        return self.context.window(document, at, where, Tier.FAST, base)


def kinds(window: Window, uri: str) -> set[PartKind]:
    return {part.kind for part in window.parts if part.uri == uri}


def test_the_definition_of_an_imported_name_is_sent_along() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n\n")
    window = desk.window(row=2)
    assert window.text(PartKind.DEFINITION) == "def total(order):\n    return sum(order.prices)\n"


def test_similar_text_of_another_tab_is_sent_along() -> None:
    desk = Desk()
    desk.open(THERE, "def invoice(customer, prices):\n    return customer.pay(prices)\n")
    desk.open(HERE, "customer = find(prices)\ninvoice\n")
    assert "customer.pay" in desk.window(row=1).text(PartKind.TAB)


def test_what_was_edited_elsewhere_is_sent_along_as_it_is_now() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "x = 1\n")
    desk.window()
    desk.edit(THERE, 0, "RATE = 7\n")
    assert "RATE = 7\n" in desk.window().text(PartKind.EDIT)
    desk.edit(THERE, 0, "# changed again\n")
    assert desk.window().text(PartKind.EDIT).startswith("# changed again\nRATE = 7\n")


def test_nothing_of_a_place_where_it_is_forbidden_is_sent() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n")
    assert kinds(desk.window(row=1), THERE)
    desk.broker.off_limits.add(THERE)
    window = desk.window(row=1)
    assert kinds(window, THERE) == set()
    assert {cut.why for cut in window.cuts if cut.uri == THERE} == {CutReason.POLICY}


def test_nothing_of_another_repository_is_sent() -> None:
    class Scattered(FakeBroker):
        def document(self, uri: str, language: str) -> Document:
            return Document(uri, language, f"example.com/{'other' if uri == THERE else 'own'}")

    desk = Desk()
    desk.broker = Scattered()
    desk.context = Context(desk.broker, desk.documents)
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n")
    window = desk.window(row=1)
    assert kinds(window, THERE) == set()
    assert {cut.why for cut in window.cuts if cut.uri == THERE} == {CutReason.SCOPE}


def test_a_document_that_was_closed_is_neither_sent_nor_told() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n")
    assert kinds(desk.window(row=1), THERE)
    desk.close(THERE)
    window = desk.window(row=1)
    assert kinds(window, THERE) == set()
    assert all(cut.uri != THERE for cut in window.cuts)


def test_documents_nobody_looked_at_for_long_are_too_old() -> None:
    desk = Desk()
    for number in range(MOST_DOCUMENTS + 3):
        desk.open(f"file:///w/tab{number}.py", ORDERS)
    desk.open(HERE, "x\n")
    old = {cut.uri for cut in desk.window().cuts if cut.why is CutReason.AGE}
    assert old == {f"file:///w/tab{number}.py" for number in range(3)}


def test_the_beginning_of_a_long_file_is_sent_and_everything_else_is_a_cut() -> None:
    desk = Desk()
    desk.open(HERE, "import decimal\n\n" + "x = 1\n" * 2_000)
    window = desk.window(row=1_000)
    assert window.text(PartKind.HEAD).startswith("import decimal\n")
    assert window.parts[0].kind is PartKind.HEAD
    sent = sum(part.text.count("\n") for part in window.parts)
    assert sent + sum(cut.lines for cut in window.cuts) in (2_002, 2_003)


def test_while_somebody_types_the_context_stays_the_same_bytes() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n" + "value = total(order)\n" * 40)
    first = desk.window(row=20)
    desk.edit(HERE, 20, "order.prices\n")
    again = desk.window(row=21)
    assert again.parts[:-2] == first.parts[:-2]
    assert again.prefix.startswith(first.prefix)


def test_a_change_of_what_was_chosen_is_seen_at_once() -> None:
    desk = Desk()
    desk.open(THERE, ORDERS)
    desk.open(HERE, "from shop.orders import total\n")
    desk.window(row=1)
    desk.edit(THERE, ORDERS.count("\n", 0, ORDERS.index("def total")) + 1, "    # rounded\n")
    assert "# rounded" in desk.window(row=1).text(PartKind.DEFINITION)


def test_a_session_with_many_files_stays_small_and_gives_it_back() -> None:
    desk = Desk()
    text = "".join(
        f"def name_{n}(value_{n}):\n    return other_{n}(value_{n})\n\n" for n in range(900)
    )
    for number in range(40):
        desk.open(f"file:///w/tab{number}.py", text)
    desk.open(HERE, "value_1 = name_1(other_1)\n" * 3)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(60):
            desk.window(row=2)
        used = tracemalloc.get_traced_memory()[0] - before
        for document in list(desk.documents):
            desk.close(document.uri)
        left = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used < 2_000_000
    assert left < used / 4


def test_a_session_learns_what_a_token_weighs_and_what_is_too_much() -> None:
    desk = Desk()
    desk.open(HERE, "total = compute(order)\n" * 400)
    where = desk.broker.document(HERE, "python")
    wide = desk.window(row=200)
    size = sum(len(part.text) for part in wide.parts)
    request = CompletionRequest("1" * 32, where, wide, trigger=Trigger.AUTOMATIC)
    slow = Completed(
        request.trace_id,
        ("x",),
        Source(SourceKind.MODEL, "m"),
        Tier.FAST,
        Timings(gateway_s=0.9, first_s=0.9),
        TokenUse(prompt=size // 4),
    )
    for _ in range(8):
        desk.context.landed(Landing(HERE, request, slow, True, 1, {"deadline_ms": 300}))
    assert 3.9 < desk.context.rates.bytes_per_token("python") < 4.1
    assert len(desk.window(row=200).prefix) < len(wide.prefix)


def test_recent_edits_are_places_that_move_with_the_text_and_are_bounded() -> None:
    documents = Documents()
    edits = RecentEdits()
    documents.listen(edits.edited)
    opened = {"uri": HERE, "languageId": "python", "version": 1, "text": "x\n" * 900}
    documents.did_open({"textDocument": opened})

    def edit(row: int, text: str) -> None:
        at = {"line": row, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        documents.did_change({"textDocument": {"uri": HERE}, "contentChanges": [change]})

    edit(500, "a")
    edit(500, "b")
    edit(100, "one\ntwo\n")
    assert edits.spots == (Spot(HERE, 102), Spot(HERE, 502))
    for row in range(0, 900, 30):
        edit(row, "c")
    assert len(edits.spots) == KEPT
    documents.did_close({"textDocument": {"uri": HERE}})
    assert not edits.spots
