"""Whom a TLS connection trusts: what the system trusts, and nobody else. The only importer of truststore."""

from __future__ import annotations

import ssl
import sys


def system_trust() -> ssl.SSLContext:
    """A TLS client context that trusts what the system trusts; it always verifies.

    Where OpenSSL knows the system's certificates they are read once. truststore would read them
    for each connection again, which holds the loop for 45 ms; elsewhere (Windows, macOS, unusual
    Linux layouts) it is the only one who finds the company's CA.
    """
    known = ssl.get_default_verify_paths()
    if sys.platform not in ("win32", "darwin") and known.cafile:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
