"""The HTTP client that the tests of its transports share."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from sidelight_client.adapters.http import HttpClient


@pytest.fixture
async def client() -> AsyncGenerator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()
