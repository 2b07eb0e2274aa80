"""The benchmarks measure what they say: the stub gateway, the editor that types, the peers and the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.__main__ import SUITES
from benchmarks.contenders import Contender, ask_automatic, ask_refact
from benchmarks.driver import Answer, Driver
from benchmarks.judging_typists import JUDGING
from benchmarks.live_typing import Editor, below, hurried, offered
from benchmarks.more_typists import EVERYBODY, FAMILIES
from benchmarks.open_file import OpenFile
from benchmarks.oracle import WRONG, Model, ahead, answer
from benchmarks.peers import peers
from benchmarks.report import Line, Options
from benchmarks.simulator import position
from benchmarks.stage import Stage, source
from benchmarks.stub_model import CANARY, Told, at_keys, reply
from benchmarks.traces import Key, Trace
from benchmarks.verdicts import FIGURES, Verdict, table
from sidelight_client.api import Position
from sidelight_client.domain.routing.fim import Shown, canary, reading
from sidelight_lsp.completing.answers import answer as server_answer

WINDOW = (3_000, 1_000)


class Scripted:
    """A server that says at once what it was told to, and notes what it was sent."""

    def __init__(self, text: str = "", sync: int = 2) -> None:
        self.sync = sync
        self.sent: list[dict[str, Any]] = []
        self.editor: Editor | None = None
        self._text = text
        self._number = 0

    def open(self, uri: str, text: str, language: str) -> None:
        self.opened = (uri, text, language)

    def write(self, data: bytes) -> None:
        if data:
            self.sent.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def send(self, method: str, params: dict[str, Any]) -> int:
        self.sent.append({"method": method, "params": params})
        self._number += 1
        at = params["position"]
        if self.editor is not None:
            left = self._text[at["character"] :]
            items = [{"insertText": left, "range": {"start": at, "end": at}}] if left else []
            self.editor.answered(Answer(0.0, {"items": items}), self._number)
        return self._number


def editor_of(server: Scripted, trace: Trace) -> Editor:
    contender = Contender("scripted", (), {}, ask_automatic, ask_automatic)
    driver, futures = cast("Driver", server), ahead(trace)
    editor = Editor(contender, driver, "file:///a.py", trace, futures, wait_until=lambda _: None)
    server.editor = editor
    return editor


def typing(text: str) -> Trace:
    keys = tuple(Key(number * 0.1, number, 0, key) for number, key in enumerate(text))
    return Trace("a.py", "python", "", keys, text)


# --- the complaint: the real-time replay showed 0.00 right suggestions -------------------------


def test_the_stub_can_read_the_client_s_canary_so_that_no_client_takes_it_for_a_chat_model() -> (
    None
):
    window = canary()
    question = {"prompt": window.prefix, "suffix": window.suffix}
    assert CANARY in window.suffix
    assert reading(reply(Told(final="x = 1\n"), question)) is Shown.WORKS


@pytest.mark.parametrize("family", EVERYBODY)
@pytest.mark.parametrize("lines", [1, 4])
def test_the_stub_says_at_each_key_what_the_simulator_s_model_says(family: str, lines: int) -> None:
    trace = below(EVERYBODY[family]("stub", 120), source(300))
    futures, model = ahead(trace), Model(0.7, 0.15, lines)
    told = Told(trace.name, trace.final, at_keys(trace, futures), "", 0.7, 0.15, lines)
    text, differ = trace.start, 0
    for key, now in zip(trace.keys, futures, strict=True):
        text = text[: key.at] + key.insert + text[key.at + key.delete :]
        at = key.at + len(key.insert)
        before, behind = text[max(at - WINDOW[0], 0) : at], text[at : at + WINDOW[1]]
        for foreseen in ("", now.right[:20]):
            said = reply(told, {"prompt": before + foreseen, "suffix": behind})
            differ += said != answer(trace, now, model, foreseen)
    # What is deleted and typed again looks the same the first time, when it will go.
    assert differ <= 0.03 * 2 * len(trace.keys)


def test_what_a_right_suggestion_brings_of_the_closers_behind_the_cursor_the_server_replaces() -> (
    None
):
    trace = JUDGING["menu_user"]("closers", 400)
    text, brought = trace.start, 0
    for key, now in zip(trace.keys, ahead(trace), strict=True):
        text = text[: key.at] + key.insert + text[key.at + key.delete :]
        at = key.at + len(key.insert)
        line, column = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0], position(text, at)
        shown = now.right + now.closers + now.beyond[:9]
        if now.closers.startswith(")") and now.right and now.beyond:
            brought += 1
            offered = server_answer(line, column.character, shown)
            assert now.agrees(shown)
            assert offered is not None
            assert line[column.character : offered.end] == now.closers, (line, shown)
    assert brought > 10


@pytest.mark.parametrize("family", ["steady", "slow", "thinker", "heavy_tailed", "repetitive"])
@pytest.mark.parametrize("lines", [1, 4])
def test_the_stub_finds_the_place_of_a_client_that_sends_less_by_the_text_alone(
    family: str, lines: int
) -> None:
    trace = below(FAMILIES[family]("stub", 120), source(300))
    told, model = Told(trace.name, trace.final, [], "", 0.7, 0.15, lines), Model(0.7, 0.15, lines)
    text, differ = trace.start, 0
    for key, now in zip(trace.keys, ahead(trace), strict=True):
        text = text[: key.at] + key.insert + text[key.at + key.delete :]
        at = key.at + len(key.insert)
        before, behind = text[max(at - WINDOW[0], 0) : at], text[at : at + WINDOW[1]]
        said = reply(told, {"prompt": before, "suffix": behind})
        differ += said != answer(trace, now, model)
    # A slip may happen to spell what stands elsewhere; the stub cannot know that it will go.
    assert differ <= 0.03 * len(trace.keys)


def test_every_dialect_s_question_is_found_in_the_text() -> None:
    told = Told(final="first = compute_the_sum(second)\n")
    before, behind = "first = compute_the_sum(", ")\n"
    for question in (
        {"prompt": before, "suffix": behind},
        {"segments": {"prefix": before, "suffix": behind}},
        {"prompt": f"<fim_prefix>{before}<fim_suffix>{behind}<fim_middle>"},
    ):
        assert reply(told, question) == "second"
    assert WRONG in reply(told, {"prompt": "what nobody will ever type here"})


def test_a_right_suggestion_is_on_the_screen_after_each_key_and_a_wrong_one_never_counts() -> None:
    text = "total = compute(first)"
    assert editor_of(Scripted(text), typing(text)).type_all() == len(text) - 1
    assert editor_of(Scripted("wrong" * 9), typing(text)).type_all() == 0
    assert editor_of(Scripted(), typing(text)).type_all() == 0


def test_an_answer_to_an_earlier_key_is_not_shown() -> None:
    server = Scripted()
    editor = editor_of(server, typing("ab"))
    editor.type_all()
    late = {"items": [{"insertText": "late"}]}
    editor.answered(Answer(0.0, late), 1)
    assert editor.ghost == ""
    editor.answered(Answer(0.0, late), 2)
    assert editor.ghost == "late"


@pytest.mark.parametrize(
    "result",
    [
        {"items": [{"insertText": "left"}]},
        {"items": [{"insertText": "x = left", "range": {"start": {"line": 0, "character": 0}}}]},
        [{"textEdit": {"newText": "x = left", "range": {"start": {"line": 0, "character": 0}}}}],
        {"choices": [{"code_completion": "left"}]},
    ],
)
def test_what_is_left_of_a_suggestion_at_the_cursor_is_seen_in_every_shape(result: object) -> None:
    assert offered(result, 4) == "left"


def test_long_pauses_are_shortened_and_nothing_else() -> None:
    trace = FAMILIES["thinker"]("pauses", 80)
    short = hurried(trace)
    assert short.problem() is None
    assert [key.insert for key in short.keys] == [key.insert for key in trace.keys]
    assert short.keys[-1].t < trace.keys[-1].t


# --- the editor's file -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sync", "change"),
    [
        (1, {"text": "x = '\U0001f600!'\nz"}),
        (
            2,
            {
                "range": {"start": {"line": 0, "character": 7}, "end": {"line": 1, "character": 1}},
                "text": "!'\n",
            },
        ),
    ],
)
def test_a_server_is_told_of_an_edit_in_the_way_it_asked_for(
    sync: int, change: dict[str, Any]
) -> None:
    server = Scripted(sync=sync)
    file = OpenFile(cast("Driver", server), "file:///a.py", "x = '\U0001f600'\nyz")
    server.write(file.edited(Position(0, 6), Position(1, 1), "!'\n"))
    assert server.sent[0]["params"]["contentChanges"] == [change]


# --- peers, and the table ----------------------------------------------------------------------


def test_a_peer_that_cannot_be_had_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SIDELIGHT_BENCHMARK_PEERS", str(tmp_path))
    options = Options(peers="tabby,nobody")
    assert peers(cast("Stage", None), options) == []
    assert options.missing == {
        "tabby": "there is no node on this machine",
        "nobody": "there is no such peer",
    }


def test_a_command_that_needs_a_port_gets_one_that_is_free() -> None:
    refact = Contender("refact", ("refact", "--http-port", "{port}"), {}, ask_refact, ask_refact)
    word, option, port = refact.command_now()
    assert (word, option) == ("refact", "--http-port")
    assert 0 < int(port) < 1 << 16


def test_each_of_the_fourteen_figures_is_held_missed_or_not_measured() -> None:
    lines = [
        Line(1, "one", "1 ms", ("refact n/a",), passed=True),
        Line(2, "two", "2 ms", passed=True),
        Line(2, "two, cold", "9 ms", passed=False),
        Line(3, "three", "3 us"),
        Line(0, "scan", "fast", passed=True),
        Line(6, "policy", "many requests", passed=False, verdicts={6: True, 7: False}),
    ]
    rows = table(lines)
    assert [row.figure for row in rows] == list(range(1, 15))
    assert [row.verdict for row in rows[:4]] == [
        Verdict.HELD,
        Verdict.MISS,
        Verdict.NOT_MEASURED,
        Verdict.NOT_MEASURED,
    ]
    assert [row.verdict for row in rows[5:7]] == [Verdict.HELD, Verdict.MISS]
    assert rows[0].unknown == ("refact",)
    assert rows[1].missed == ("two, cold: 9 ms",)
    assert "1 of 2 held" in str(rows[1])
    assert json.loads(json.dumps(rows[1].as_json()))["verdict"] == "MISS"


def test_every_figure_has_a_suite_that_measures_it() -> None:
    assert frozenset(FIGURES) == frozenset().union(*(suite.figures for suite in SUITES))
