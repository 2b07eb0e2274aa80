"""The policy of typing, with a ║ where the cursor is, and the same trace through engine and simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.oracle import Ahead, Model, ahead, answer, latency_s
from benchmarks.simulator import LOOK_S, Typing
from benchmarks.traces import Trace
from benchmarks.typists import steady
from lsp.fakes import FakeBroker, completed, editor, snapshot
from sidelight_client.api import (
    UNLIMITED,
    Budget,
    CompletionRequest,
    LanguagePause,
    Moment,
    Outcome,
    Pace,
    Place,
    Purse,
    Scope,
    Trigger,
    Unit,
    pace,
    say,
)
from sidelight_lsp.completing.suggestions import undoes
from sidelight_lsp.deciding.policy import (
    Because,
    Buy,
    Decision,
    Join,
    Nothing,
    Reuse,
    Situation,
    decide,
    lines_asked,
)
from sidelight_lsp.deciding.policy_state import (
    Answered,
    Followed,
    Ignored,
    Key,
    Moved,
    PolicyState,
    Refused,
    Sent,
    reduce,
)

TYPING = reduce(PolicyState(), Key(10.0, "a", ""))


def decided(state: PolicyState = TYPING, **facts: Any) -> Decision:
    """What is decided in the middle of a word where nothing else is known."""
    known: dict[str, Any] = {
        "left": (),
        "following": 0,
        "joinable": False,
        "prefetched": False,
        "refused": None,
        "trigger": Trigger.AUTOMATIC,
        "moment": Moment(
            Place.LINE_START, "python", 0, state.usefulness, 30.0, state.since_failure
        ),
        "state": state,
        "pace": UNLIMITED,
        "now_s": 10.0,
    }
    return decide(Situation(**(known | facts)))


def after(*events: Any, state: PolicyState = TYPING) -> PolicyState:
    for event in events:
        state = reduce(state, event)
    return state


def test_what_is_left_is_shown_before_anything_is_sent_or_waited_for() -> None:
    assert decided(left=("abc" * 9,), joinable=True) == Reuse(("abc" * 9,))


def test_a_request_on_its_way_is_joined() -> None:
    assert decided(joinable=True) == Join()


def test_who_asks_explicitly_is_served_at_once_whatever_the_budget() -> None:
    reserved = Pace(0.0, reserved=True)
    assert decided(trigger=Trigger.INVOKED, pace=reserved) == Buy(0.0)


def test_the_first_key_of_a_line_is_worth_a_request_at_once() -> None:
    assert decided() == Buy(0.0)


def test_the_person_may_want_typing_to_rest_anyway() -> None:
    assert decided(shortest_rest_s=0.3) == Buy(0.3)
    later = decided(shortest_rest_s=0.3, now_s=10.2)
    assert isinstance(later, Buy)
    assert later.after_s == pytest.approx(0.1)


def test_a_cursor_that_was_only_put_somewhere_waits_for_the_person_to_stay() -> None:
    assert decided(after(Moved(10.0))) == Buy(0.6)


def test_a_cursor_put_into_a_text_is_taken_for_a_reader_until_it_stays() -> None:
    inside = Moment(Place.BEFORE_TEXT, "python", 8, 0.6, 30.0, 64.0)
    assert decided(after(Moved(10.0)), moment=inside) == Buy(1.2)
    assert decided(moment=inside) == Buy(0.0)


def test_after_a_failure_a_few_keys_buy_nothing_unless_the_person_stops() -> None:
    def typed_since(characters: int) -> Decision:
        return decided(after(Ignored(), Key(10.0, "x" * characters, "")))

    assert typed_since(0) == Nothing(Because.BELOW_VALUE)
    assert typed_since(4) == Buy(1.2)
    assert typed_since(16) == Buy(0.0)


def test_a_second_try_soon_after_a_failure_hardly_lowers_the_usefulness() -> None:
    once = after(Sent(), Ignored())
    soon = after(Key(10.1, "xxx", ""), Sent(), Ignored(), state=once)
    late = after(Key(10.1, "x" * 40, ""), Sent(), Ignored(), state=once)
    assert once.usefulness - soon.usefulness < 0.001
    assert once.usefulness - late.usefulness > 0.02


def test_the_usefulness_stays_where_tries_of_any_freshness_succeed_as_often_as_it_says() -> None:
    for since_failure in (4, 9, 14, 64):
        state = replace(TYPING, since_failure=float(since_failure), usefulness=0.7)
        sent = reduce(state, Sent())
        share = sent.usefulness * sent.tried
        better, worse = reduce(sent, Followed()).usefulness, reduce(sent, Ignored()).usefulness
        assert share * better + (1 - share) * worse == pytest.approx(0.7)


def in_text(state: PolicyState, **facts: Any) -> Decision:
    """What is decided in the middle of a line where nothing else is known."""
    moment = Moment(
        Place.BEFORE_TEXT, "python", 8, state.usefulness, state.answer_chars, state.since_failure
    )
    return decided(state, moment=moment, **facts)


def test_a_suggestion_that_was_typed_up_to_other_text_has_filled_its_gap() -> None:
    spending = replace(TYPING, sent=6.0)
    filled = after(Followed(in_text=True), state=spending)
    assert in_text(spending) == Buy(0.0)
    assert isinstance(in_text(filled), Nothing)
    nearly = {"left": ("d)",), "following": 9}
    assert in_text(spending, **nearly) == Reuse(("d)",))
    assert decided(spending, **nearly) == Reuse(("d)",), prefetch=True)
    # Where the line ends, typing most often goes on.
    assert decided(after(Followed(in_text=False), state=spending)) == Buy(0.0)


def test_whether_typing_goes_on_where_a_suggestion_ends_is_learned() -> None:
    def seen(in_text: bool, *events: Any) -> PolicyState:
        state = TYPING
        for _ in range(8):
            state = after(Followed(in_text=in_text), *events, state=state)
        return replace(state, keys=60.0, sent=6.0)

    goes_on = seen(True, Key(10.0, "x", ""))
    assert in_text(after(Followed(in_text=True), state=goes_on)) == Buy(0.0)
    leaves = seen(False, Moved(10.0), Key(10.0, "x" * 40, ""))
    assert isinstance(decided(after(Followed(in_text=False), state=leaves)), Nothing)
    assert goes_on.goes_on == seen(True).goes_on
    assert seen(True, Key(10.0, "", "x")).goes_on_in_text == TYPING.goes_on_in_text


def test_who_stops_in_front_of_other_text_after_a_failure_is_done_there() -> None:
    failed = after(Ignored(), Key(10.0, "word", ""))
    assert decided(failed) == Buy(1.2)
    assert isinstance(in_text(failed), Nothing)


def test_behind_a_paste_nothing_is_sent_until_the_person_stays() -> None:
    pasted = after(Key(10.0, "pasted = 1\n" * 12, ""))
    assert decided(pasted) == Buy(1.2)
    assert decided(after(Key(10.1, "x", ""), state=pasted), now_s=10.1) == Buy(0.0)
    taken = after(Followed(), state=pasted)
    assert decided(taken) == Buy(0.0), "it was a suggestion of ours"


SLOW = replace(TYPING, latency_s=2.5)


def test_where_answers_are_slow_nothing_is_sent_in_the_middle_of_a_word() -> None:
    def at(place: Place, state: PolicyState) -> Decision:
        moment = Moment(place, "python", 0, state.usefulness, 30.0, state.since_failure)
        return decided(state, moment=moment)

    slow = after(Key(10.0, "a", ""), state=SLOW)
    assert at(Place.INSIDE_WORD, slow) == Buy(1.2)
    assert at(Place.WORD_START, slow) == Buy(0.0)
    assert at(Place.INSIDE_WORD, after(Key(10.0, "a", ""))) == Buy(0.0)
    assert at(Place.INSIDE_WORD, after(Key(10.0, "words", ""), state=SLOW)) == Buy(0.0)


def test_where_answers_are_slow_whoever_leaves_a_good_suggestion_has_to_go_on_for_longer() -> None:
    def left(state: PolicyState, characters: int) -> Decision:
        return decided(replace(state, since_left=float(characters)))

    assert left(TYPING, 8) == Buy(0.0)
    assert isinstance(left(SLOW, 8), Nothing)
    assert left(SLOW, 24) == Buy(0.0)


def test_whoever_dictates_is_known_by_what_one_key_puts_in() -> None:
    dictating = after(*[Key(10.0 + n, "several words at once ", "") for n in range(40)])
    assert dictating.stride > 15
    assert after(*[Key(11.0, "x", "")] * 60, state=dictating).stride < 1.2
    assert after(Key(10.0, "y" * 9000, "")).stride < 2


def test_nothing_is_sent_amid_deleting_and_right_after_a_slip() -> None:
    assert decided(after(Key(10.0, "", "x"))) == Buy(0.6)
    assert decided(after(Followed(to_the_end=False), Key(10.0, "xxxx", ""))) == Buy(1.2)
    assert decided(after(Followed(to_the_end=False), Key(10.0, "x" * 30, ""))) == Buy(0.0)


def test_right_after_a_failure_nothing_is_bought_and_soon_again() -> None:
    failed = after(Answered(0.1, 0, 0))
    assert decided(failed) == Nothing(Because.BELOW_VALUE)
    assert decided(after(Key(10.0, "\n", ""), state=failed)) == Buy(0.0)


def test_back_off_while_suggestions_are_ignored() -> None:
    ignored = after(*[Ignored()] * 15, *[Sent()] * 8, Key(10.0, "ab", ""))
    assert decided(ignored) == Nothing(Because.IGNORED_LATELY)
    assert decided(after(*[Followed()] * 10, state=ignored)) == Buy(0.0)


def test_a_tight_budget_is_spent_at_the_starts_of_lines() -> None:
    poor = Pace(0.015)
    inside = Moment(Place.INSIDE_WORD, "python", 60, 0.6, 30.0, 3.0)
    spending = after(Sent(), state=TYPING)
    assert decided(spending, pace=poor) == Buy(0.0)
    assert decided(spending, pace=poor, moment=inside) == Nothing(Because.SAVING)


def test_an_hour_of_which_nothing_is_spent_pays_for_the_first_place_the_cursor_is_put() -> None:
    unspent = Purse(Scope.USER, Unit.REQUESTS, 120, 3600.0, used=0, resets_at=3600.0)
    moved = after(Moved(10.0), state=PolicyState())
    assert decided(moved, pace=pace(Budget((unspent,)), 0.0)) == Buy(0.6)


def test_what_was_refused_before_it_was_sent_costs_nothing() -> None:
    refused = after(Sent(), Refused())
    assert refused.spent_per_key == pytest.approx(TYPING.spent_per_key)


def test_the_reserve_is_not_spent_by_typing() -> None:
    assert decided(pace=Pace(0.0, reserved=True)) == Nothing(Because.RESERVE)


@pytest.mark.parametrize(
    ("facts", "prefetch"),
    [
        ({"left": ("x" * 12,), "following": 10}, True),
        ({"left": ("x" * 13,), "following": 10}, False),
        ({"left": ("x" * 12,), "following": 2}, False),
        ({"left": ("x" * 12,), "following": 10, "prefetched": True}, False),
        ({"left": ("x" * 12,), "following": 10, "pace": Pace(0.015)}, False),
    ],
)
def test_what_follows_is_fetched_near_the_end_and_only_while_rich(
    facts: dict[str, Any], prefetch: bool
) -> None:
    decision = decided(**facts)
    assert isinstance(decision, Reuse)
    assert decision.prefetch is prefetch


def test_what_follows_is_fetched_earlier_where_answers_take_long() -> None:
    late = after(*[Answered(0.9, 30, 0)] * 30)
    decision = decided(late, left=("x" * 14,), following=10)
    assert decision == Reuse(("x" * 14,), prefetch=False)
    quick = after(*[Key(10.0 + n * 0.08, "x", "") for n in range(40)], state=late)
    assert decided(quick, left=("x" * 14,), following=10) == Reuse(("x" * 14,), prefetch=True)
    assert decided(quick, left=("x" * 41,), following=10) == Reuse(("x" * 41,), prefetch=False)


def test_after_a_move_a_slow_gateway_is_asked_later() -> None:
    assert decided(after(*[Answered(3.0, 30, 0)] * 30, Moved(10.0))) == Buy(1.2)


def test_out_of_a_tight_budget_a_request_asks_for_more_lines_than_are_shown() -> None:
    assert lines_asked(UNLIMITED, 4) == 4
    assert lines_asked(Pace(0.015), 4) == 8
    assert lines_asked(Pace(0.015), 12) == 12


def test_rest_follows_the_rhythm_of_the_person() -> None:
    slow = TYPING
    for number in range(40):
        slow = reduce(slow, Key(10.0 + number * 0.25, "x", ""))
    quick = TYPING
    for number in range(40):
        quick = reduce(quick, Key(10.0 + number * 0.08, "x", ""))
    assert quick.gap_s < 0.1
    assert slow.gap_s > 0.2


def test_what_was_deleted_on_purpose_is_not_suggested_again() -> None:
    assert undoes("value)", "value")
    assert not undoes("value)", "va")
    assert not undoes("other)", "value")
    assert after(Key(11.0, "", "c"), Key(11.1, "", "b")).deleted == "bc"


@pytest.mark.parametrize("because", Because)
def test_every_reason_has_its_sentence(because: Because) -> None:
    assert say(f"trigger.{because.value}", {}).text


class OracleBroker(FakeBroker):
    """Answers as the simulator's model does, and as late."""

    def __init__(self, trace: Trace, model: Model) -> None:
        super().__init__()
        self.trace, self.model, self.current = trace, model, Ahead(None, 0, "")
        self.text_before = ""

    async def complete(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> Outcome:
        del so_far
        number, now = len(self.asked), self.current
        self.asked.append(request)
        prefix = request.window.prefix
        typed = next(n for n in range(len(prefix), -1, -1) if self.text_before.endswith(prefix[:n]))
        foreseen = prefix[typed:]
        await self.clock.sleep(latency_s(self.model, number))
        return completed(request, answer(self.trace, now, self.model, foreseen))


@pytest.mark.anyio
async def test_engine_and_simulator_buy_the_same_requests() -> None:
    trace = steady("agreement", 130)
    model = Model(lines=1)
    broker = OracleBroker(trace, model)
    async with editor(broker) as client:
        await client.initialize()
        await client.open(trace.start)
        text = trace.start
        for key, now in zip(trace.keys, ahead(trace), strict=True):
            await broker.clock.advance(key.t - broker.clock.monotonic())
            start, end = place(text, key.at), place(text, key.at + key.delete)
            text = text[: key.at] + key.insert + text[key.at + key.delete :]
            cursor = key.at + len(key.insert)
            broker.current, broker.text_before = now, text[:cursor]
            await client.edit(start, end, key.insert)
            await client.inline(*place(text, cursor))
        await client.rest(LOOK_S)
        bought = len(broker.asked)
    assert bought == Typing(trace, model).run().requests
    assert bought > 3


def place(text: str, offset: int) -> tuple[int, int]:
    line = text.count("\n", 0, offset)
    return line, offset - (text.rfind("\n", 0, offset) + 1)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "pause",
    [
        lambda until: {"paused_until": until},
        lambda until: {"languages_paused": (LanguagePause("python", until),)},
    ],
)
async def test_pausing_drops_every_suggestion(pause: Callable[[float], dict[str, Any]]) -> None:
    broker = FakeBroker(script=lambda request: completed(request, "int(value)"))
    async with editor(broker) as client:
        await client.initialize()
        await client.open("pr")
        assert await client.items(0, 2)
        broker.publish(snapshot(2, **pause(broker.clock.now() + 60)))
        broker.gate = asyncio.Event()
        await client.type((0, 2), "i")
        asked = await client.inline(0, 3)
        assert client.response(asked) is None


@pytest.mark.anyio
async def test_what_was_asked_for_beyond_the_shown_lines_follows_an_acceptance_unpaid() -> None:
    text = "\n".join(f"line_{number} = {number}" for number in range(8))
    tight = Purse(Scope.USER, Unit.REQUESTS, 120, 3600.0, used=60, resets_at=1_700_003_600.0)

    def script(request: CompletionRequest) -> Outcome:
        return completed(request, text[len(request.window.prefix) :])

    broker = FakeBroker(script=script, state=snapshot(budget=Budget((tight,))))
    async with editor(broker) as client:
        await client.initialize()
        await client.open("l")
        (item,) = await client.items(0, 1, invoked=True)
        assert item["insertText"].count("\n") == 3
        assert broker.asked[0].max_lines == 8
        await client.type((0, 1), item["insertText"])
        trace_ids = item["command"]["arguments"]
        await client.ask(
            "workspace/executeCommand", {"command": "sidelight.didAccept", "arguments": trace_ids}
        )
        (item,) = await client.items(3, len("line_3 = 3"))
        assert item["insertText"] == "\nline_4 = 4\nline_5 = 5\nline_6 = 6"
        assert len(broker.asked) == 1


@pytest.mark.anyio
async def test_an_import_added_at_the_top_leaves_a_suggestion_further_down_as_it_is() -> None:
    head = "\n".join(f"x{number} = {number}" for number in range(40)) + "\n"

    def script(request: CompletionRequest) -> Outcome:
        return completed(request, "int(value)")

    broker = FakeBroker(script=script)
    async with editor(broker) as client:
        await client.initialize()
        await client.open(head + "pr")
        assert await client.items(40, 2)
        await client.edit((0, 0), (0, 0), "import os\n")
        (item,) = await client.items(41, 2)
        assert item["insertText"] == "int(value)"
        assert len(broker.asked) == 1


@pytest.mark.anyio
async def test_in_the_reserve_typing_sends_nothing_and_an_explicit_call_does() -> None:
    spent = Purse(Scope.USER, Unit.REQUESTS, 120, 3600.0, used=110, resets_at=1_700_003_000.0)
    broker = FakeBroker(state=snapshot(budget=Budget((spent,))))
    async with editor(broker) as client:
        await client.initialize()
        await client.open("pr")
        assert await client.items(0, 2) == []
        assert await client.items(0, 2, invoked=True)
        assert len(broker.asked) == 1
