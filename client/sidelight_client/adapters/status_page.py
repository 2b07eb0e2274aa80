"""Fetches a gateway's status page, without a key: its state, or that nothing has changed."""

from __future__ import annotations

from ..domain.service.status_look import Fetched, NotFetched, PageAnswer, Unchanged
from ..gateways.discovery import origin
from ..gateways.retry_delay import seconds_until
from ..gateways.statuspage import page_reading
from ..gateways.untrusted import parsed
from ..setting_values import is_safe_address
from .http import HttpClient, HttpProblem

TIMEOUT_S = 10.0
LARGEST_PAGE = 1_000_000
LONGEST_ETAG = 200
_OK, _NOT_MODIFIED = 200, 304


async def fetch(
    url: str, http: HttpClient, now: float, etag: str = "", *, gateway: str = ""
) -> PageAnswer:
    """One look at the page at `url`: https, on this machine, or beside the API of `gateway`.

    Architecture invariant: no token travels with it, so the page may be on any host.
    """
    if not is_safe_address(url) and not origin(url) == origin(gateway) != "":
        return NotFetched("address")
    headers = {"accept": "application/json"} | ({"if-none-match": etag} if etag else {})
    answer = await http.request("GET", url, headers, timeout_s=TIMEOUT_S, max_bytes=LARGEST_PAGE)
    if isinstance(answer, HttpProblem):
        return NotFetched(answer.kind.value)
    if answer.status == _NOT_MODIFIED and etag:
        return Unchanged()
    if answer.status != _OK:
        wait_s = seconds_until(answer.headers.get("retry-after", ""), now)
        return NotFetched(str(answer.status), wait_s)
    page = page_reading(parsed(answer.body), now)
    if page is None:
        return NotFetched("no status page")
    told = answer.headers.get("etag", "")
    return Fetched(page, told if len(told) <= LONGEST_ETAG and told.isprintable() else "")
