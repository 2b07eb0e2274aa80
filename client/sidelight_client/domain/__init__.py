"""Pure decisions, standard library only: what is true now, and what should be done about it.

Architecture invariant: nothing here sleeps, reads a file, opens a socket or looks at the clock.
Moments (`now`, `expires_at`) are wall-clock seconds since the epoch; durations end in `_s`.
"""
