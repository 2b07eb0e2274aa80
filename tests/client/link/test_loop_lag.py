"""The loop-lag monitor: names who held the loop, costs little, and never wakes an idle broker."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.loop_lag import Hold, LoopLag


def burn(seconds: float) -> None:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass


def run(lag: LoopLag, main: object) -> None:
    try:
        with asyncio.Runner(loop_factory=lag.new_loop) as runner:
            runner.run(main)  # type: ignore[arg-type]
    finally:
        lag.close()


def test_whoever_computes_too_long_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sidelight.loop")
    lag = LoopLag(threshold_s=0.05)

    async def main() -> None:
        await asyncio.sleep(0)
        burn(0.2)
        await asyncio.sleep(0)

    run(lag, main())
    (hold,) = lag.over(0.19)
    assert hold.took_s >= 0.2
    assert hold.cpu_s > 0.05
    assert hold.stack[0].startswith("link/test_loop_lag.py:")
    assert hold.stack[0].endswith(" burn")
    assert hold.stack[1].endswith(" main")
    assert "held for" in caplog.text
    assert "burn" in caplog.text


def test_a_call_that_blocks_is_told_from_one_that_computes() -> None:
    lag = LoopLag(threshold_s=0.05)

    async def main() -> None:
        time.sleep(0.2)  # noqa: ASYNC251 – the mistake the monitor is for

    run(lag, main())
    (hold,) = lag.over(0.19)
    assert hold.cpu_s < 0.1
    assert hold.stack[0].endswith(" main")


def test_waiting_is_not_holding() -> None:
    lag = LoopLag(threshold_s=0.1)

    async def main() -> None:
        await SystemClock().sleep(0.3)

    run(lag, main())
    assert lag.holds == ()


def test_only_the_last_holds_are_remembered() -> None:
    lag = LoopLag(threshold_s=0.0)

    async def main() -> None:
        for _ in range(200):
            await asyncio.sleep(0)

    run(lag, main())
    assert 0 < len(lag.holds) <= 32
    assert all(isinstance(hold, Hold) for hold in lag.holds)


def test_the_watching_thread_sleeps_while_the_loop_does_and_wakes_with_it() -> None:
    lag = LoopLag(threshold_s=0.05)
    dormant: list[bool] = []

    async def main() -> None:
        await asyncio.sleep(0.5)  # The thread has seen enough of an idle loop after 0.1 s.
        dormant.append(lag_was_dormant())
        burn(0.2)
        await asyncio.sleep(0)

    turns: list[bool] = []

    def lag_was_dormant() -> bool:
        return turns[-1]

    original = lag._wake_watcher

    def noting() -> None:
        turns.append(True)
        original()

    lag._wake_watcher = noting  # type: ignore[method-assign]
    run(lag, main())
    assert dormant == [True]
    assert len(turns) >= 2
    assert lag.over(0.19)[0].stack[0].endswith(" burn")
    assert not [t for t in threading.enumerate() if t.name == "sidelight-loop-lag"]


def test_measuring_a_turn_costs_microseconds() -> None:
    lag = LoopLag(threshold_s=10.0)
    began = time.process_time()
    for _ in range(10_000):
        lag.works()
        lag.rests()
    lag.close()
    assert time.process_time() - began < 2.0  # 200 µs a turn would be absurd; it is about two.


def test_the_systems_clock_tells_the_time() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
    assert clock.monotonic() <= clock.monotonic()
