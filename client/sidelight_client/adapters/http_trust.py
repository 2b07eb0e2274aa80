"""Whom a TLS connection trusts: what the system trusts, and nobody else. The only importer of truststore."""

from __future__ import annotations

import ssl
import sys
from functools import lru_cache


def system_trust() -> ssl.SSLContext:
    """The TLS client context that trusts what the system trusts; it always verifies.

    All clients share it, for the certificates take 1 MiB and some 40 ms. Where OpenSSL knows the
    system's certificates they are read once. truststore would read them for each connection
    again, which holds the loop for 45 ms; elsewhere (Windows, macOS, unusual Linux layouts) it is
    the only one who finds the company's CA.
    """
    known = ssl.get_default_verify_paths()
    return _trust(known.cafile, known.capath)


@lru_cache(maxsize=1)
def _trust(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    """The context for what OpenSSL finds there; the paths come from the environment, too."""
    del capath  # Part of what makes two contexts differ.
    if sys.platform not in ("win32", "darwin") and cafile:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
    else:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Some servers choose another protocol where a client names none (RFC 7301).
    context.set_alpn_protocols(["http/1.1"])
    return context
