"""A clock that a test moves under processes that know nothing of it: libfaketime, preloaded.

libfaketime 0.9.10 mends nothing of what a jump breaks in threads. Where the monotonic clock stands,
Python's `time.sleep` fails (clock_nanosleep(2) with an absolute time): the broker then loses the
thread that says who held the loop, and tells of it on stderr. Where it jumps, a thread's timed wait
lasts as long as the jump. The loop itself, on epoll, is right in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIBRARIES = (Path("/usr/lib"), Path("/lib"))
LIBRARY = "libfaketimeMT.so.1"
"""The build for programs with threads; the broker has some for files, keyring and name look-ups."""


def library() -> Path | None:
    """The library, wherever this Debian's architecture puts it; None where it is not installed."""
    for root in LIBRARIES:
        for folder in sorted([root, *root.glob("*-linux-gnu*")]):
            found = folder / "faketime" / LIBRARY
            if found.is_file():
                return found
    return None


@dataclass
class MovedClock:
    """The wall clock of every process that runs in `environ`; it starts at the real time.

    Attributes:
        file: what the processes read the offset from, at each look at the clock.
        with_monotonic: whether CLOCK_MONOTONIC jumps as well. It stands still in a Linux suspend,
            and counts a stopped virtual machine or container.
    """

    file: Path
    with_monotonic: bool = False
    ahead_s: float = 0.0

    def __post_init__(self) -> None:
        self._write()

    def jump(self, seconds: float) -> None:
        self.ahead_s += seconds
        self._write()

    def environ(self) -> dict[str, str]:
        found = library()
        assert found is not None
        return {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            # Otherwise the file is read every ten seconds only.
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "0" if self.with_monotonic else "1",
            # Dates of files are the real ones: nothing here depends on them.
            "NO_FAKE_STAT": "1",
        }

    def _write(self) -> None:
        # Replaced as a whole: a half-written offset would send the process to another century.
        written = self.file.with_suffix(".new")
        written.write_text(f"{self.ahead_s:+.0f}\n")
        written.replace(self.file)
