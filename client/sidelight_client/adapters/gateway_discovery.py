"""Finds out how a gateway is spoken to, at whichever of its addresses answers first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from ..domain.failure import Failure, FailureKind
from ..domain.identity.grant import Grant
from ..domain.routing.endpoints import MOST
from ..gateways.discovery import (
    WELL_KNOWN,
    Announced,
    api_base,
    from_document,
    from_models,
    models_url,
    origin,
    with_model_facts,
)
from ..gateways.profile import Reply
from ..gateways.recognise import Recognised, Seen, recognise
from .gateway_calls import DOCUMENT_TIMEOUT_S, GatewayCalls, json_object, left, unanswered
from .http import HttpAnswer, HttpProblem

log = logging.getLogger("sidelight.gateway")

DESCRIBED_FOR_S = 3_600.0
NEXT_ADDRESS_AFTER_S = 1.0
"""How long an address may take before the next one is asked as well."""


class GatewayDiscovery:
    """What is known of the gateway. Its addresses are one gateway, so it holds for all of them."""

    def __init__(self, urls: Sequence[str], calls: GatewayCalls, *, embedded: bool) -> None:
        """`urls` are the configured addresses; the first is what the gateway is known by."""
        self._urls = tuple(dict.fromkeys(plain(url) for url in urls))
        self._calls = calls
        self._embedded = embedded
        self._found_at = self._urls[0]
        self._discovery: asyncio.Task[Announced | Failure] | None = None
        self._listing: asyncio.Task[None] | None = None
        self._listed_for = 0
        self._described_at: float | None = None
        self.announced: Announced | None = None
        """What was found last; None before anything was."""

    @property
    def found_at(self) -> str:
        """The address that answered; the first before one did."""
        return self._found_at

    def discovering(self) -> asyncio.Task[Announced | Failure]:
        """The discovery in flight; whoever asks meanwhile shares it."""
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.get_running_loop().create_task(self._discover())
        return self._discovery

    async def known(self, wait_s: float) -> Announced | Failure:
        """How the gateway is spoken to; it is waited for only when nothing is known yet."""
        if self.announced is not None:
            return self.announced
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.shield(self.discovering())
        except TimeoutError:
            return Failure(FailureKind.UPSTREAM_TIMEOUT)

    def at(self, gateway: Announced, endpoint: str) -> Announced:
        """`gateway` as it is spoken to at another of its addresses; an empty one is where it was found."""
        to = plain(endpoint) or self._found_at
        if to == self._found_at:
            return gateway
        return replace(
            gateway,
            api_base=_moved(gateway.api_base, self._found_at, to),
            policy_url=_moved(gateway.policy_url, self._found_at, to),
            usage_url=_moved(gateway.usage_url, self._found_at, to),
            feedback_url=_moved(gateway.feedback_url, self._found_at, to),
        )

    async def with_models(self, gateway: Announced, grant: Grant, first_by: float) -> Announced:
        """The gateway with its models: many show their list only to who is signed in.

        It is asked for once after each discovery and for each renewed key, because an expired one is
        shown nothing. It is not waited for longer than for the answer.
        """
        renewed = self._listed_for != grant.generation
        if self._listing is None or (self._listing.done() and renewed):
            self._listed_for = grant.generation
            listing = self._list_models(gateway, grant)
            self._listing = asyncio.get_running_loop().create_task(listing)
        await asyncio.wait([self._listing], timeout=left(first_by))
        return self.announced or gateway

    async def described(self, grant: Grant | None) -> Announced | None:
        """The gateway with what it says of its models; None while nothing is known of it.

        It is asked once an hour, for prices and limits change that seldom.
        """
        gateway, now = self.announced, self._calls.clock.monotonic()
        if gateway is None:
            return None
        if grant is not None and not gateway.info.models:
            first_by = asyncio.get_running_loop().time() + DOCUMENT_TIMEOUT_S
            gateway = await self.with_models(gateway, grant, first_by)
        url = models_url(gateway)
        if url and (self._described_at is None or now - self._described_at >= DESCRIBED_FOR_S):
            self._described_at = now
            said = json_object(await self._calls.document(url, gateway, grant, {}))
            if said is None:
                # It may show this to nobody, or it did not answer: the next look asks again.
                self._described_at = None
            elif self.announced is gateway:
                self.announced = with_model_facts(gateway, said)
        return self.announced

    async def close(self) -> None:
        for task in (self._discovery, self._listing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def _discover(self) -> Announced | Failure:
        """The first address that answers, asked in their order and not all at once."""
        waiting, failed = list(self._urls), list[Failure]()
        running: dict[asyncio.Task[Announced | Failure], str] = {}
        loop = asyncio.get_running_loop()
        try:
            while waiting or running:
                if waiting:
                    url = waiting.pop(0)
                    running[loop.create_task(self._announcement(url))] = url
                done, _ = await asyncio.wait(
                    running,
                    timeout=NEXT_ADDRESS_AFTER_S if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    url, found = running.pop(task), task.result()
                    if isinstance(found, Announced):
                        if self._calls.given is not None:
                            profile = found.profile.name
                            self._calls.fixed_headers = await self._calls.given.headers(profile)
                        return self._take(found, url)
                    failed.append(found)
            return failed[0]
        finally:
            for task in running:
                task.cancel()
            if running:
                await asyncio.wait(running)

    def _take(self, found: Announced, url: str) -> Announced:
        self._found_at = url
        told = (plain(address) for address in found.info.endpoints)
        endpoints = tuple(dict.fromkeys((*self._urls, *told)))[:MOST]
        info = replace(found.info, url=self._urls[0], endpoints=endpoints)
        self.announced = replace(found, info=info)
        self._described_at = None
        if self._listing is not None and self._listing.done():
            self._listing = None
        log.info("the gateway speaks %s, recognised by %s", found.profile.name, found.sign)
        return self.announced

    async def _announcement(self, url: str) -> Announced | Failure:
        """The neutral document, else the model list every server of OpenAI's family has."""
        now, given = self._calls.clock.now(), self._calls.given
        said = await given.document() if given is not None else None
        if said is not None:
            found = from_document(said, url, now, self._embedded)
            return replace(found, sign="the file that the settings name")
        answer = await self._calls.get(f"{url}{WELL_KNOWN}", {})
        if isinstance(answer, HttpProblem):
            return unanswered(answer, late=False)
        document = json_object(answer)
        if document is not None and {"version", "profile", "api_base"} & document.keys():
            return from_document(document, url, now, self._embedded)
        first = answer
        answer = await self._calls.get(f"{api_base(url)}/models", {})
        if isinstance(answer, HttpProblem):
            return unanswered(answer, late=False)
        recognised = _recognised(answer, "/v1/models") or _recognised(first, WELL_KNOWN)
        document = json_object(answer)
        if document is not None and isinstance(document.get("data"), list):
            return from_models(document, url, recognised)
        guessed = from_models(None, url, recognised)
        # The list is guarded or there is none; anything else is no gateway, or not a working one.
        if answer.status in (401, 403, 404, 405) or (recognised and answer.status == 400):  # noqa: PLR2004  Portkey's
            return guessed
        reply = Reply(answer.status, answer.headers, answer.body)
        return guessed.profile.classify(reply, now)

    async def _list_models(self, gateway: Announced, grant: Grant) -> None:
        answer = await self._calls.document(f"{gateway.api_base}/models", gateway, grant, {})
        models = from_models(json_object(answer), self._found_at).info.models
        if models and self.announced is gateway:
            self.announced = replace(gateway, info=replace(gateway.info, models=models))


def plain(url: str) -> str:
    """An address without what a person may write or leave out at its end."""
    return url.rstrip("/").removesuffix("/v1")


def _moved(address: str, before: str, after: str) -> str:
    """`address` below `after` as it lies below `before`; on its host where it lies beside it."""
    if not address:
        return ""
    if address.startswith(before):
        return after + address[len(before) :]
    path = address.partition("://")[2].partition("/")[2]
    scheme, _, rest = after.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{path}" if origin(after) else ""


def _recognised(answer: HttpAnswer, path: str) -> Recognised | None:
    return recognise(Seen(path, headers=answer.headers, body=answer.body))
