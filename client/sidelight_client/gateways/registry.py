"""Every profile by its name."""

from __future__ import annotations

from collections.abc import Mapping

from .anthropic import AnthropicProfile
from .azure_apim import AzureApimProfile
from .bifrost import BifrostProfile
from .cloudflare import CloudflareProfile
from .envoy import EnvoyProfile
from .kong import KongProfile
from .litellm import LiteLlmProfile
from .llamacpp import LlamaCppProfile
from .mistral import MistralProfile
from .ollama import OllamaProfile
from .openai import OpenAiProfile
from .portkey import PortkeyProfile
from .profile import Profile
from .sidelight import SidelightProfile
from .wso2 import Wso2Profile

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        SidelightProfile(),
        LiteLlmProfile(),
        PortkeyProfile(),
        OpenAiProfile(),
        AnthropicProfile(),
        LlamaCppProfile(),
        OllamaProfile(),
        MistralProfile(),
        AzureApimProfile(),
        KongProfile(),
        EnvoyProfile(),
        CloudflareProfile(),
        BifrostProfile(),
        Wso2Profile(),
    )
}

_ALIASES = {"mistral-fim": "mistral", "azure-apim": "azure_apim", "llama.cpp": "llamacpp"}


def profile_called(name: str) -> Profile | None:
    """The profile called `name`, in any of the spellings in use."""
    return PROFILES.get(_ALIASES.get(name, name))
