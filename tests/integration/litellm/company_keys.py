"""LiteLLM's custom_auth hook: the keys of the tests, because there is no database to hold them.

It runs inside the proxy, in the proxy's own environment. Refusals are LiteLLM's own exception with
the type it uses itself; limits are its own checks.
"""

from litellm.proxy._types import ProxyErrorTypes, ProxyException, UserAPIKeyAuth

LIMITED_TO = 1


async def user_api_key_auth(request, api_key: str) -> UserAPIKeyAuth:
    match api_key:
        case "sk-good":
            return UserAPIKeyAuth(api_key=api_key)
        case "sk-limited":
            return UserAPIKeyAuth(api_key=api_key, rpm_limit=LIMITED_TO)
        case "sk-to-the-dead-model":
            return UserAPIKeyAuth(api_key=api_key, aliases={"fast": "dead"})
        case "sk-expired":
            raise ProxyException("Token Expired", ProxyErrorTypes.expired_key.value, None, 401)
        case _:
            unknown = ProxyErrorTypes.token_not_found_in_db.value
            raise ProxyException("Unable to find token in cache or DB", unknown, None, 401)
