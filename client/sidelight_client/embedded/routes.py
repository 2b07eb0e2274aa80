"""The embedded gateway's paths: who may ask what, and which part answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from http import HTTPStatus

from ..domain.failure import FailureKind
from ..ports import Clock
from ..trace import new_trace_id
from .admission import Admission, outage
from .audit import AuditLine, AuditTrail
from .completions import Asker, Completions
from .discovery import WORKSPACE_MODEL, discovery, model_list
from .faults import Faults
from .http import Headers, Request, Response
from .issuer import Issuer
from .issuer_pages import IssuerPages
from .jwt import Claims, TokenProblem
from .limits import Meter
from .question import QuestionError, read_object, read_question
from .replies import NO_STORE, json_reply, refusal, unauthorized
from .status import summary

_FEEDBACK_BYTES = 16_384
_TRACE_DIGITS = 32

Handler = Callable[[Request], Awaitable[Response] | Response]


@dataclass(frozen=True, slots=True)
class Parts:
    """What answers, behind the paths. `policy` is the document's tag and its bytes."""

    clock: Clock
    faults: Faults
    meter: Meter
    issuer: Issuer
    pages: IssuerPages
    admission: Admission
    completions: Completions
    audit: AuditTrail
    policy: tuple[str, bytes]
    passes_on: bool
    max_input_tokens: int


class Routes:
    """Answers every request. `origin` is set once the server knows its address."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.origin = ""
        self._routes = self._all_routes()

    async def handle(self, request: Request) -> Response:
        # The clock's time as the Date header lets clients correct their own (RFC 9110 §6.6.1).
        trace_id = _trace_id(request)
        common = (
            ("date", formatdate(self._parts.clock.now(), usegmt=True)),
            ("x-request-id", trace_id),
        )
        methods = self._routes.get(request.path)
        method = "GET" if request.method == "HEAD" else request.method
        if methods is None:
            response = refusal(HTTPStatus.NOT_FOUND, "there is nothing at this path")
        elif method not in methods:
            allowed = ("allow", ", ".join(sorted(methods)))
            reason = "this path is asked with another method"
            response = refusal(HTTPStatus.METHOD_NOT_ALLOWED, reason, (allowed,))
        else:
            headers = {**request.headers, "x-request-id": trace_id}
            answer = methods[method](replace(request, headers=headers))
            response = answer if isinstance(answer, Response) else await answer
        return Response(response.status, (*common, *response.headers), response.body)

    def _all_routes(self) -> Mapping[str, Mapping[str, Handler]]:
        pages = self._parts.pages
        return {
            "/": {"GET": _welcome},
            "/.well-known/sidelight-gateway": {"GET": self._discover},
            "/v1/models": {"GET": self._signed_in(self._models)},
            "/v1/completions": {"POST": self._signed_in(partial(self._complete, chat=False))},
            "/v1/chat/completions": {"POST": self._signed_in(partial(self._complete, chat=True))},
            "/policy": {"GET": self._signed_in(self._policy_document)},
            "/usage": {"GET": self._signed_in(self._usage)},
            "/feedback": {"POST": self._signed_in(self._feedback)},
            "/status/api/v2/summary.json": {"GET": self._status},
            "/faults": {"GET": self._faults_shown, "POST": self._faults_set},
            "/issuer/.well-known/openid-configuration": {"GET": pages.metadata},
            "/issuer/jwks": {"GET": pages.jwks},
            "/issuer/authorize": {"GET": pages.authorize},
            "/issuer/token": {"POST": pages.token},
            "/issuer/device_authorization": {"POST": pages.device_authorization},
            "/issuer/device": {"GET": pages.device},
            "/issuer/revoke": {"POST": pages.revoke},
            "/issuer/userinfo": {"GET": pages.userinfo, "POST": pages.userinfo},
        }

    def _signed_in(self, handler: Callable[[Request, Claims], Awaitable[Response]]) -> Handler:
        """`handler` for requests with a good access token, and 401 for the others."""

        async def checked(request: Request) -> Response:
            response = outage(self._parts.faults)
            if response is not None:
                return response
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            claims = (
                self._parts.issuer.verify(token.strip()) if scheme.lower() == "bearer" else None
            )
            if isinstance(claims, Claims) and (
                self._parts.faults.expire_tokens or claims.serial <= self._parts.faults.expire_up_to
            ):
                claims = TokenProblem.EXPIRED
            match claims:
                case Claims():
                    response = await handler(request, claims)
                    headers = (self._parts.meter.header(), *response.headers)
                    return Response(response.status, headers, response.body)
                case TokenProblem.EXPIRED:
                    return unauthorized(FailureKind.AUTH_EXPIRED, "The access token has expired.")
                case _:
                    message = "The access token is missing or not one of this gateway."
                    return unauthorized(FailureKind.AUTH_INVALID, message)

        return checked

    async def _complete(self, request: Request, claims: Claims, *, chat: bool) -> Response:
        began = self._parts.clock.monotonic()
        try:
            question = read_question(request.body, chat=chat)
        except QuestionError as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        if self._parts.faults.ignore_suffix:
            question = replace(question, suffix="")
        trace_id = request.headers["x-request-id"]
        refused = await self._parts.admission.refuse(question)
        if refused is None:
            asker = Asker(claims.account, trace_id, began)
            return await self._parts.completions.answer(question, asker)
        ms = (self._parts.clock.monotonic() - began) * 1000
        self._parts.audit.write(
            AuditLine(
                self._parts.clock.now(),
                trace_id,
                claims.account,
                WORKSPACE_MODEL,
                question.prompt_tokens,
                0,
                refused.outcome,
                ms,
            )
        )
        return refused.response

    def _discover(self, _: Request) -> Response:
        document = discovery(
            self.origin,
            self._parts.meter.purses,
            passes_on=self._parts.passes_on,
            max_input_tokens=self._parts.max_input_tokens,
        )
        return json_reply(HTTPStatus.OK, document)

    async def _models(self, _: Request, __: Claims) -> Response:
        limit = self._parts.max_input_tokens
        return json_reply(
            HTTPStatus.OK, model_list(passes_on=self._parts.passes_on, max_input_tokens=limit)
        )

    async def _policy_document(self, request: Request, _: Claims) -> Response:
        tag, body = self._parts.policy
        headers: Headers = (("content-type", "application/json"), ("etag", tag))
        known = request.headers.get("if-none-match", "").replace("W/", "")
        if tag in (part.strip() for part in known.split(",")):
            return Response(HTTPStatus.NOT_MODIFIED, headers)
        return Response(HTTPStatus.OK, headers, body)

    async def _usage(self, _: Request, __: Claims) -> Response:
        return json_reply(HTTPStatus.OK, {"windows": self._parts.meter.as_json()}, (NO_STORE,))

    async def _feedback(self, request: Request, _: Claims) -> Response:
        """Outcomes of suggestions. This gateway has no use for them; it only checks their shape."""
        if len(request.body) > _FEEDBACK_BYTES:
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the feedback is too large")
        try:
            read_object(request.body)
        except QuestionError as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        return json_reply(HTTPStatus.ACCEPTED, {"accepted": True})

    def _status(self, _: Request) -> Response:
        faults = self._parts.faults
        page = summary(
            self.origin,
            self._parts.clock.now(),
            outage=faults.outage,
            scanner_down=faults.scanner_down,
        )
        return json_reply(HTTPStatus.OK, page, (NO_STORE,))

    def _faults_shown(self, request: Request) -> Response:
        if not self._parts.pages.knows_key(request):
            return refusal(HTTPStatus.FORBIDDEN, "fault switches need the local key")
        return json_reply(HTTPStatus.OK, self._parts.faults.as_json(), (NO_STORE,))

    def _faults_set(self, request: Request) -> Response:
        if not self._parts.pages.knows_key(request):
            return refusal(HTTPStatus.FORBIDDEN, "fault switches need the local key")
        try:
            switches = read_object(request.body)
            # Not a switch but a moment: what was issued until now is expired from now on.
            expire_issued = switches.pop("expire_issued", False)
            self._parts.faults.set(switches)
        except (QuestionError, ValueError) as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        if expire_issued is True:
            self._parts.faults.expire_up_to = self._parts.issuer.serial
        return json_reply(HTTPStatus.OK, self._parts.faults.as_json(), (NO_STORE,))


def _welcome(_: Request) -> Response:
    text = "Sidelight's embedded development gateway, for one person on this machine.\n"
    return Response(HTTPStatus.OK, (("content-type", "text/plain; charset=utf-8"),), text.encode())


def _trace_id(request: Request) -> str:
    """The trace id of a valid `traceparent` (W3C Trace Context §3.2), else a new one."""
    pieces = request.headers.get("traceparent", "").split("-")
    if len(pieces) < 4:  # noqa: PLR2004  # Version, trace id, span id, flags.
        return new_trace_id()
    trace_id = pieces[1]
    well_formed = len(trace_id) == _TRACE_DIGITS and set(trace_id) <= set("0123456789abcdef")
    return trace_id if well_formed and trace_id.strip("0") else new_trace_id()
