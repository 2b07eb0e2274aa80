"""SHA-256 without OpenSSL: loading that costs each editor window 9 ms and 0.8 MiB.

The shim imports this file, so it imports next to nothing.
"""

from __future__ import annotations

_LEAN = ("_sha2", "_sha256")
"""Where CPython keeps its own, since 3.12 and before; `random` of its library takes it there, too."""


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` in hexadecimal digits."""
    for name in _LEAN:
        try:
            lean = __import__(name)
        except ImportError:
            continue
        return str(lean.sha256(data).hexdigest())
    from hashlib import sha256

    return sha256(data).hexdigest()
