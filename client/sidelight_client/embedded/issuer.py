"""The embedded sign-in service's memory and rules: codes, devices, refresh-token families, tokens.

Everything lives in memory and dies with the process. Moments come from the clock that is given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .discovery import AUDIENCE, CLIENT_ID, SCOPES
from .jwt import Claims, Signer, TokenProblem

CODE_LIFE_S = 60.0
DEVICE_LIFE_S = 600.0
_ID_TOKEN_LIFE_S = 3_600.0
_KEPT = 200
"""Codes, devices and families remembered; the oldest go first. One person needs a handful."""

_USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # No vowels, so no words (RFC 8628 §6.1).
_SHORTEST_CHALLENGE = 43  # RFC 7636 §4.2: a SHA-256 in base64url.


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An error as RFC 6749 §5.2 sends it."""

    error: str
    description: str
    status: int = 400


@dataclass(slots=True)
class _Family:
    """All refresh tokens that descend from one sign-in; only the newest is good."""

    current: bytes
    expires_at: float
    scope: str


@dataclass(slots=True)
class _Code:
    redirect_uri: str
    challenge: str
    scope: str
    nonce: str
    expires_at: float
    used: bool = False
    family: str = ""


@dataclass(slots=True)
class _Device:
    user_code: str
    scope: str
    expires_at: float
    approved: bool = False
    asked_at: float | None = None


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """How long tokens live (seconds), and who signs in."""

    access_life_s: float = 28_800.0
    refresh_life_s: float = 30 * 86_400.0
    device_interval_s: float = 5.0
    account: str = "you@this-machine"
    name: str = "You, on this machine"


@dataclass
class Issuer:
    """Grants tokens for one person on this machine.

    Attributes:
        url: the issuer's identifier, `<origin>/issuer`.
        now: wall-clock seconds.
        reject_refresh: asked at each renewal; true makes every renewal fail.
    """

    url: str
    settings: IssuerSettings
    now: Callable[[], float]
    reject_refresh: Callable[[], bool] = lambda: False
    serial: int = 0
    """How many access tokens were issued; each carries its number."""
    _signer: Signer = field(default_factory=Signer)
    _codes: OrderedDict[str, _Code] = field(default_factory=OrderedDict[str, _Code])
    _devices: OrderedDict[str, _Device] = field(default_factory=OrderedDict[str, _Device])
    _families: OrderedDict[str, _Family] = field(default_factory=OrderedDict[str, _Family])

    def verify(self, token: str) -> Claims | TokenProblem:
        """Whether `token` is an access token for the gateway that is good now."""
        return self._signer.verify(token, issuer=self.url, audience=AUDIENCE, now=self.now())

    def jwks(self) -> dict[str, Any]:
        return self._signer.jwks()

    def code(self, asked: Mapping[str, str]) -> str | OAuthError:
        """An authorization code for a request whose client and redirect were already checked."""
        if asked.get("response_type") != "code":
            return OAuthError("unsupported_response_type", "only response_type=code is served")
        challenge = asked.get("code_challenge", "")
        if asked.get("code_challenge_method") != "S256" or len(challenge) != _SHORTEST_CHALLENGE:
            return OAuthError("invalid_request", "PKCE with S256 is required (RFC 7636)")
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(
            asked.get("redirect_uri", ""),
            challenge,
            _scope(asked),
            asked.get("nonce", ""),
            self.now() + CODE_LIFE_S,
        )
        _bound(self._codes)
        return code

    def device(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """Begin a device sign-in (RFC 8628 §3.2)."""
        if asked.get("client_id") != CLIENT_ID:
            return OAuthError("invalid_client", "this client is not known", 401)
        letters = "".join(secrets.choice(_USER_CODE_LETTERS) for _ in range(8))
        user_code = f"{letters[:4]}-{letters[4:]}"
        device_code = secrets.token_urlsafe(32)
        device = _Device(user_code, _scope(asked), self.now() + DEVICE_LIFE_S)
        self._devices[device_code] = device
        _bound(self._devices)
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": f"{self.url}/device",
            "verification_uri_complete": f"{self.url}/device?user_code={user_code}",
            "expires_in": _seconds(DEVICE_LIFE_S),
            "interval": _seconds(self.settings.device_interval_s),
        }

    def approve_device(self, user_code: str) -> bool:
        """Approve the waiting device with this code; whether there is one."""
        wanted = "".join(c for c in user_code.upper() if c.isalnum())
        for device in self._devices.values():
            if device.user_code.replace("-", "") == wanted and self.now() < device.expires_at:
                device.approved = True
                return True
        return False

    def token(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """The token endpoint (RFC 6749 §3.2)."""
        if asked.get("client_id") != CLIENT_ID:
            return OAuthError("invalid_client", "this client is not known", 401)
        match asked.get("grant_type"):
            case "authorization_code":
                return self._from_code(asked)
            case "refresh_token":
                return self._renewed(asked)
            case "urn:ietf:params:oauth:grant-type:device_code":
                return self._from_device(asked)
            case "urn:ietf:params:oauth:grant-type:token-exchange":
                return self._exchanged(asked)
            case _:
                return OAuthError("unsupported_grant_type", "this grant type is not served")

    def revoke(self, asked: Mapping[str, str]) -> None:
        """End the sign-in a refresh token belongs to (RFC 7009); unknown tokens are fine too."""
        self._families.pop(asked.get("token", "").partition(".")[0], None)

    def _from_code(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        code = self._codes.get(asked.get("code", ""))
        if code is None or self.now() >= code.expires_at:
            return OAuthError("invalid_grant", "the code is not known or no longer valid")
        if code.used:
            # A code that comes twice was stolen once: what it gave is taken back (RFC 6749 §4.1.2).
            self._families.pop(code.family, None)
            return OAuthError("invalid_grant", "the code was used before")
        code.used = True
        if code.redirect_uri != asked.get("redirect_uri"):
            return OAuthError("invalid_grant", "the redirect differs from the one asked for")
        if not hmac.compare_digest(
            _challenge(asked.get("code_verifier", "")), code.challenge.encode()
        ):
            return OAuthError("invalid_grant", "the PKCE verifier does not fit")
        granted, code.family = self._signed_in(code.scope, code.nonce)
        return granted

    def _from_device(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        device_code = asked.get("device_code", "")
        device = self._devices.get(device_code)
        now = self.now()
        if device is None:
            return OAuthError("invalid_grant", "the device code is not known")
        if now >= device.expires_at:
            return OAuthError("expired_token", "the device code is no longer valid")
        if not device.approved:
            early = device.asked_at is not None and (
                now - device.asked_at < self.settings.device_interval_s
            )
            device.asked_at = now
            if early:
                return OAuthError("slow_down", "ask less often")
            return OAuthError("authorization_pending", "the person has not approved yet")
        del self._devices[device_code]
        return self._signed_in(device.scope, "")[0]

    def _renewed(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """Rotate: the old token is spent, and coming back with it ends the whole sign-in.

        That is the reuse detection of RFC 9700 §4.14.2 without any grace.
        """
        token = asked.get("refresh_token", "")
        name = token.partition(".")[0]
        family = self._families.get(name)
        if family is None or self.now() >= family.expires_at or self.reject_refresh():
            return OAuthError("invalid_grant", "the session is not known or has ended")
        if not hmac.compare_digest(_digest(token), family.current):
            del self._families[name]
            return OAuthError("invalid_grant", "a spent refresh token came again; sign in anew")
        return self._granted(family.scope, "", self._rotate(name, family.scope))

    def _exchanged(self, asked: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """A gateway token for a token of ours (RFC 8693), for clients that sign in and exchange."""
        token, kind = asked.get("subject_token", ""), asked.get("subject_token_type", "")
        audience = CLIENT_ID if kind.endswith(":id_token") else AUDIENCE
        claims = self._signer.verify(token, issuer=self.url, audience=audience, now=self.now())
        if isinstance(claims, TokenProblem):
            return OAuthError("invalid_request", "the subject token is not valid")
        granted = self._granted(claims.scope, "", None)
        return granted | {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}

    def _signed_in(self, scope: str, nonce: str) -> tuple[dict[str, Any], str]:
        name = secrets.token_urlsafe(12)
        refresh = self._rotate(name, scope) if "offline_access" in scope.split() else None
        return self._granted(scope, nonce, refresh), name

    def _rotate(self, name: str, scope: str) -> str:
        """A new refresh token for the family `name`; only its digest is kept."""
        token = f"{name}.{secrets.token_urlsafe(32)}"
        expires_at = self.now() + self.settings.refresh_life_s
        self._families[name] = _Family(_digest(token), expires_at, scope)
        self._families.move_to_end(name)
        _bound(self._families)
        return token

    def _granted(self, scope: str, nonce: str, refresh: str | None) -> dict[str, Any]:
        now = self.now()
        self.serial += 1
        person = {"iss": self.url, "sub": "local-user", "iat": int(now), **self.person()}
        access = person | {
            "aud": AUDIENCE,
            "exp": now + self.settings.access_life_s,
            "jti": secrets.token_urlsafe(9),
            "client_id": CLIENT_ID,
            "scope": scope,
            "serial": self.serial,
        }
        granted: dict[str, Any] = {
            "access_token": self._signer.sign(access, "at+jwt"),
            "token_type": "Bearer",
            "expires_in": _seconds(self.settings.access_life_s),
            "scope": scope,
        }
        if refresh is not None:
            granted["refresh_token"] = refresh
        if "openid" in scope.split():
            identity = person | {"aud": CLIENT_ID, "exp": int(now + _ID_TOKEN_LIFE_S)}
            identity |= {"nonce": nonce} if nonce else {}
            granted["id_token"] = self._signer.sign(identity)
        return granted

    def person(self) -> dict[str, str]:
        """The claims about the person (OpenID Connect Core §5.1)."""
        account = self.settings.account
        return {"preferred_username": account, "email": account, "name": self.settings.name}


def redirect_allowed(uri: str) -> bool:
    """Whether `uri` is a loopback redirect (RFC 8252 §7.3): any port, the path `/callback`."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    plain = f"http://{parts.hostname}:{port}/callback"
    return parts.hostname in ("127.0.0.1", "localhost") and bool(port) and uri == plain


def _scope(asked: Mapping[str, str]) -> str:
    """The scopes granted: those asked for that exist, or all when none are named."""
    wanted = asked.get("scope", "").split() or SCOPES
    return " ".join(scope for scope in SCOPES if scope in wanted)


def _challenge(verifier: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")


def _seconds(life_s: float) -> float:
    """A life as RFC 6749 writes it: a whole number wherever it is one."""
    return int(life_s) if life_s == int(life_s) else life_s


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _bound(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
