"""Runs the soaks and prints their figures: `python tests/realparts/soak.py --cycles 1000 --seeds 5`.

Each soak is a process with a provider of its own. It ends with 1 when a figure is not held that can
be: with rotating tokens nobody can recover an answer lost to a sleep that was not announced, unless
the sleep ends within the provider's grace. Such losses are counted, and traced one by one.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from realparts.provider_process import missing
from realparts.soak_figures import PLANS
from realparts.soak_run import soak
from support.secrets_watch import Recorder


@dataclass(frozen=True, slots=True)
class Job:
    """One soak."""

    plan: str
    seed: int
    cycles: int


async def one(job: Job) -> int:
    """Run a soak in this process; returns how many figures were missed."""
    recorder = Recorder()
    logging.getLogger().addHandler(recorder)
    logging.getLogger().setLevel(logging.DEBUG)
    with tempfile.TemporaryDirectory(prefix="sl-soak-") as folder:
        figures, issued = await soak(PLANS[job.plan], job.seed, job.cycles, Path(folder))
        text = "\n".join([*recorder.lines, *_files(Path(folder))])
    found = sum(token in text for token in issued)
    leak = (
        f"  {'MISS' if found else 'ok  '} tokens found in logs or files: {found} of {len(issued)}"
    )
    print("\n".join([*figures.lines(), f"{leak} issued (hold 0)"]), flush=True)
    return len(figures.failed()) + bool(found)


def _files(folder: Path) -> list[str]:
    return [p.read_bytes().decode("latin-1") for p in folder.rglob("*") if p.is_file()]


async def run(jobs: list[Job], at_once: int) -> int:
    """Run the soaks, so many at a time; returns how many missed a figure that can be held."""
    free = asyncio.Semaphore(at_once)

    async def start(job: Job) -> bool:
        async with free:
            words = ["--one", job.plan, "--seed", str(job.seed), "--cycles", str(job.cycles)]
            process = await asyncio.create_subprocess_exec(sys.executable, __file__, *words)
            return await process.wait() != 0

    missed = sum(await asyncio.gather(*(start(job) for job in jobs)))
    print(f"{len(jobs)} soaks, {missed} missed a figure that can be held", flush=True)
    return missed


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cycles", type=int, default=200, help="sleeps in each soak")
    asked.add_argument("--harder-cycles", type=int, help="in the harder ones, if not as many")
    asked.add_argument("--seeds", type=int, default=1, help="soaks of each plan")
    asked.add_argument("--seed", type=int, default=1, help="the first seed")
    asked.add_argument("--plan", action="append", choices=sorted(PLANS), help="default: all")
    asked.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    asked.add_argument("--one", choices=sorted(PLANS), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        return 1 if asyncio.run(one(Job(given.one, given.seed, given.cycles))) else 0
    if why := missing():
        print(f"soak.py: {why}", file=sys.stderr)
        return 2
    harder = given.harder_cycles or given.cycles
    jobs = [
        Job(plan, seed, given.cycles if plan == "announced" else harder)
        for seed in range(given.seed, given.seed + given.seeds)
        for plan in given.plan or PLANS
    ]
    return 1 if asyncio.run(run(jobs, given.jobs)) else 0


if __name__ == "__main__":
    sys.exit(main())
