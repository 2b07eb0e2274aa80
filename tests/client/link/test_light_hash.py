"""The hash that the shim can afford."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.link import light_hash
from sidelight_client.link.light_hash import sha256_hex

SAYS_HELLO = """
import sys
from sidelight_client.link.greeting import hello
assert hello("1", "editor", {"HTTPS_PROXY": "http://proxy:3128"})["environment"]["HTTPS_PROXY"]
print("_hashlib" in sys.modules)
"""


@given(st.binary(max_size=300))
def test_it_is_sha_256(data: bytes) -> None:
    assert sha256_hex(data) == hashlib.sha256(data).hexdigest()


def test_it_is_the_same_where_the_interpreter_has_none_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(light_hash, "_LEAN", ("_no_such_module",))
    assert sha256_hex(b"a") == hashlib.sha256(b"a").hexdigest()


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="another interpreter's modules")
def test_saying_hello_behind_a_proxy_does_not_load_openssl() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS_HELLO], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.strip() == "False"
