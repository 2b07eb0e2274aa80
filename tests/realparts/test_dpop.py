"""A certified provider that binds grants to a key and does not rotate: a lost response costs nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

import pytest

from sidelight_client.adapters import dpop
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.adapters.oidc_tokens import jwt_claims
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.ports import RenewalRefused
from support.secrets_watch import Secrets

from .laptop import LidClock, Person
from .provider_process import Provider, running_provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]


@pytest.fixture(scope="module")
def shared_binder(node: None) -> Iterator[Provider]:
    with running_provider(dpop=True, rotate=False) as provider:
        yield provider


@pytest.fixture
def binder(shared_binder: Provider, secrets_watch: Secrets) -> Iterator[Provider]:
    shared_binder.control(forget=True, fault={"kind": "", "times": 0})
    yield shared_binder
    secrets_watch.watch(shared_binder.issued())


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


def provider_for(binder: Provider, http: HttpClient) -> OidcProvider:
    return OidcProvider(OidcSettings(binder.issuer, dpop=True), http, LidClock())


@pytest.fixture
async def bound(binder: Provider, http: HttpClient, secrets_watch: Secrets) -> Grant:
    person = Person()
    answer = await provider_for(binder, http).sign_in(person)
    await person.pages()
    assert isinstance(answer, Grant), answer
    assert answer.proof_key is not None
    secrets_watch.watch([answer.proof_key.reveal()])
    return answer


async def test_a_sign_in_is_bound_to_a_key_that_renews_it(
    binder: Provider, http: HttpClient, bound: Grant
) -> None:
    assert bound.proven
    thumbprint = jwt_claims(bound.access_token.reveal())["cnf"]["jkt"]
    renewed = await provider_for(binder, http).renew(bound)
    assert isinstance(renewed, Grant)
    assert renewed.refresh_token == bound.refresh_token
    assert jwt_claims(renewed.access_token.reveal())["cnf"]["jkt"] == thumbprint


async def test_a_response_lost_to_a_closing_lid_costs_nothing(
    binder: Provider, http: HttpClient, bound: Grant
) -> None:
    before, ours = binder.counters(), provider_for(binder, http)
    for _ in range(5):
        binder.fault("drop")
        lost = await ours.renew(bound)
        assert isinstance(lost, RenewalRefused)
        assert lost.failure is RenewalFailure.AMBIGUOUS
        assert isinstance(await ours.renew(bound), Grant)
    after = binder.counters().since(before)
    assert (after.dropped, after.renewals, after.revoked) == (5, 10, 0)


async def test_a_refresh_token_without_its_key_is_worth_nothing(
    binder: Provider, http: HttpClient, bound: Grant
) -> None:
    ours = provider_for(binder, http)
    for key in (None, dpop.new_key()):
        assert isinstance(await ours.renew(replace(bound, proof_key=key)), RenewalRefused)
    assert isinstance(await ours.renew(bound), Grant), "the owner's is not touched by that"
