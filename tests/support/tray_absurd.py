"""Strategies for snapshots and usage that make no sense, for the tests of the tray."""

from __future__ import annotations

from hypothesis import strategies as st

from .tray_samples import snapshot, usage

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
MAGNITUDES = st.sampled_from([0, -1, 1e-300, 1e15, 1e300, 253_402_300_800, float("inf")]) | SCALARS
LIMITS = st.lists(
    st.fixed_dictionaries(
        {"limit": MAGNITUDES},
        optional={
            "scope": SCALARS | st.sampled_from(["user", "team", "org", "مؤسسة"]),
            "unit": st.sampled_from(["requests", "tokens", "cost", "bananas"]),
            "used": MAGNITUDES,
            "window_ms": MAGNITUDES,
            "resets_at": MAGNITUDES,
            "hard": SCALARS,
        },
    ),
    max_size=4,
)
ABSURD_SNAPSHOTS = st.dictionaries(
    st.sampled_from(sorted(snapshot())), ANYTHING, max_size=4
) | st.fixed_dictionaries({"limits": LIMITS})
ABSURD_USAGE = st.dictionaries(st.sampled_from(sorted(usage())), ANYTHING, max_size=3)
