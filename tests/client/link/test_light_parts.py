"""The shim's own JSON and sockets do what the standard library's modules do, for less time."""

from __future__ import annotations

import builtins
import json
import os
import socket
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.link import light_json, light_socket

words = st.text(max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
messages = st.dictionaries(words, values, max_size=5)


@given(messages)
def test_a_message_is_written_and_read_as_the_module_json_does_it(message: dict[str, Any]) -> None:
    written = light_json.encode(message)
    assert written.decode("ascii") == json.dumps(message)
    assert light_json.decode(written) == message


@pytest.mark.parametrize(
    "line", [b"", b"{", b"{}{}", b"nul", b'{"a":1} x', b'{"a":', b"\xff", b'{"a\n":1}']
)
def test_what_is_no_json_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- `json` has one of its own and says more
        light_json.decode(line)
    with pytest.raises(ValueError):  # noqa: PT011
        json.loads(line)


def test_a_python_without_the_compiled_half_has_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **named: Any) -> Any:
        if name == "_json":
            raise ImportError
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    message = {"id": 1, "method": "hello", "params": {"version": "ü"}}
    assert light_json.decode(light_json.encode(message)) == message


@pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets in Python there")
def test_descriptors_arrive_as_those_of_the_module_socket_do() -> None:
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    with ours, theirs:
        assert light_socket.is_unix(ours)
        sent = light_socket.send_with_descriptors(ours, b"hello", (read_end, write_end))
        assert sent == len(b"hello")
        data, descriptors, _, _ = socket.recv_fds(theirs, 64, 2)
        assert data == b"hello"
        os.write(descriptors[1], b"through")
        assert os.read(read_end, 64) == b"through"
    for descriptor in (read_end, write_end, *descriptors):
        os.close(descriptor)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets in Python there")
def test_a_light_socket_becomes_a_usual_one_with_the_same_connection_and_patience() -> None:
    light = light_socket.unix_socket()
    light.settimeout(1.5)
    number = light.fileno()
    assert not os.get_inheritable(number)
    with light_socket.as_socket(light) as usual:
        assert (usual.fileno(), usual.gettimeout()) == (number, 1.5)
        assert usual.family is socket.AF_UNIX
        assert light.fileno() == -1
        assert light_socket.as_socket(usual) is usual
