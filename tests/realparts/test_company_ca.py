"""A company's certificate authority that only the system's trust store knows, as IT rolls it out.

One process gets a store of its own by a mount in a namespace; nothing of this machine changes. The
four certificate variables are cleared, as in every test: each of them would hide what is asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.link_server import package_environment
from support.tls_server import tls_server

RealPart = Callable[[str, object, str], None]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.realparts,
    pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux' own"),
]

MOUNTED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
CHECK = (sys.executable, "-P", "-m", "support.system_store_check")


@pytest.fixture
def own_store(real_part: RealPart) -> Path:
    """The file of the system's certificates, which a namespace may put another one over."""
    tried = [shutil.which("unshare") or "false", "-rm", "true"]
    works = subprocess.run(tried, check=False, capture_output=True).returncode == 0
    real_part("unshare", works, "a process gets a trust store of its own")
    store = Path(ssl.get_default_verify_paths().openssl_cafile)
    real_part("ca-certificates", store.exists(), "the system has certificates")
    return store.resolve()


def with_one_more(store: Path, certificate: Path, bundle: Path) -> Path:
    """`bundle`, holding what `store` holds and one authority more."""
    bundle.write_bytes(store.read_bytes() + certificate.read_bytes())
    return bundle


async def seen(url: str, *before: str | Path) -> dict[str, str]:
    """What our client, and the doctor, come to at `url`."""
    process = await asyncio.create_subprocess_exec(
        *before, *CHECK, url, stdout=asyncio.subprocess.PIPE, env=package_environment()
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, str] = json.loads(out)
    return told


async def test_a_ca_in_the_systems_store_alone_is_enough_and_nothing_less_is(
    own_store: Path, tmp_path: Path
) -> None:
    assert not {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & {
        *os.environ
    }
    async with tls_server(tmp_path) as url:
        stranger = await seen(url)
        bundle = with_one_more(own_store, tmp_path / "cert.pem", tmp_path / "bundle.crt")
        known = await seen(url, "unshare", "-rm", "sh", "-c", MOUNTED, "sh", bundle, own_store)
    assert stranger["client"] == "tls"
    assert stranger["doctor"].startswith("tls: ")
    assert known == {"client": "200", "doctor": "200"}
