"""What the tests with real parts share: the provider, the search for its tokens, the table of figures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from support.secrets_watch import Secrets, watching_secrets

from .provider_process import Provider, missing, running_provider


@pytest.fixture
def secrets_watch(tmp_path: Path) -> Generator[Secrets]:
    with watching_secrets(tmp_path) as watch:
        yield watch


@pytest.fixture(scope="session")
def node(real_part: Callable[[str, object, str], None]) -> None:
    """The packages of the certified provider; the first run installs them."""
    why = missing()
    real_part("the certified OpenID provider", not why, why)


@pytest.fixture(scope="module")
def shared_provider(node: None) -> Iterator[Provider]:
    with running_provider(mount="/oauth2/default") as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: Provider, secrets_watch: Secrets) -> Iterator[Provider]:
    """The provider, its token endpoint in order and strict again; its tokens are searched for."""
    shared_provider.control(forget=True, grace=0, fault={"kind": "", "times": 0})
    yield shared_provider
    secrets_watch.watch(shared_provider.issued())
