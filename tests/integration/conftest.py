"""Each real gateway once a run, and a client that speaks to it as a person's broker does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest

import dev_integration

from .client import Client, asking_at
from .litellm_proxy import running_litellm
from .portkey_gateway import running_portkey
from .upstream import Upstream, running_upstream

INSTALL = "python3 installers/dev.py test --integration installs it"

RealPart = Callable[[str, object, str], None]
Open = Callable[[str, str], Client]


@pytest.fixture(scope="session")
def shared_upstream() -> Generator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Upstream:
    """The vendor behind the gateways, with nothing wrong."""
    shared_upstream.fault()
    return shared_upstream


@pytest.fixture(scope="session")
def litellm_url(real_part: RealPart, shared_upstream: Upstream) -> Generator[str]:
    command = dev_integration.litellm()
    real_part("the LiteLLM proxy", command, INSTALL)
    assert command is not None
    with running_litellm(command, shared_upstream) as url:
        yield url


@pytest.fixture(scope="session")
def portkey_script(real_part: RealPart) -> Path:
    script = dev_integration.portkey()
    real_part("Portkey's gateway", script, INSTALL)
    assert script is not None
    return script


@pytest.fixture(scope="session")
def portkey_url(portkey_script: Path, shared_upstream: Upstream) -> Generator[str]:
    with running_portkey(portkey_script, shared_upstream) as url:
        yield url


@pytest.fixture(scope="module")
def portkey_without_streams(portkey_script: Path, shared_upstream: Upstream) -> Generator[str]:
    with running_portkey(portkey_script, shared_upstream, streams=False) as url:
        yield url


@pytest.fixture
async def client_at() -> AsyncGenerator[Open]:
    """`client_at(url, key)`: a client that is closed after the test."""
    async with asking_at() as opened:
        yield opened
