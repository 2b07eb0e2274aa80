"""Secrets by the shape their issuers gave them, and the few that only their surroundings betray.

The ideas (a reserved prefix, a word nearby, a floor of entropy) are those of gitleaks (MIT);
the shapes are what the issuers document.
"""

from __future__ import annotations

from ..policy.organisation import ContentRule
from .rule import Rule, RuleSource

_OPENS_A_DOOR = (
    "Whoever reads this text can use the secret in it. Keep it out of the source and replace it."
)


def _secret(
    id_: str,
    title: str,
    pattern: str,
    *,
    entropy_floor: float = 0.0,
    near: tuple[str, ...] = (),
    value_group: int = 0,
    certain: bool = True,
) -> Rule:
    content = ContentRule(id_, title, "re2", pattern, explain=_OPENS_A_DOOR)
    return Rule(content, RuleSource.GUESS, near, entropy_floor, value_group, certain)


_ISSUED = (
    ("aws_access_key", "AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", 2.8),
    (
        "github_token",
        "GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})\b",
        3.0,
    ),
    ("gitlab_token", "GitLab token", r"\bgl(?:pat|dt|rt|cbt|ptt|ft)-[A-Za-z0-9_-]{20,64}\b", 3.0),
    ("slack_token", "Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,250}", 2.5),
    (
        "slack_webhook",
        "Slack webhook",
        r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,80}",
        3.0,
    ),
    ("stripe_key", "Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,247}\b", 2.5),
    ("google_api_key", "Google API key", r"\bAIza[A-Za-z0-9_-]{35}", 3.0),
    ("google_oauth_secret", "Google OAuth client secret", r"\bGOCSPX-[A-Za-z0-9_-]{28}\b", 3.0),
    (
        "openai_key",
        "OpenAI key",
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,120}T3BlbkFJ[A-Za-z0-9_-]{20,120}",
        3.0,
    ),
    ("anthropic_key", "Anthropic key", r"\bsk-ant-(?:api|admin)\d{2}-[A-Za-z0-9_-]{80,120}", 3.0),
    ("huggingface_token", "Hugging Face token", r"\bhf_[A-Za-z]{34}\b", 3.0),
    ("npm_token", "npm token", r"\bnpm_[A-Za-z0-9]{36}\b", 3.0),
    ("pypi_token", "PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,1000}", 3.0),
    ("rubygems_key", "RubyGems key", r"\brubygems_[a-f0-9]{48}\b", 2.5),
    ("docker_token", "Docker Hub token", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}", 3.0),
    ("sendgrid_key", "SendGrid key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", 3.0),
    ("digitalocean_token", "DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{64}\b", 2.5),
    ("shopify_token", "Shopify token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", 2.5),
    ("square_token", "Square token", r"\bsq0(?:csp|atp|idp)-[A-Za-z0-9_-]{22,43}", 3.0),
    ("databricks_token", "Databricks token", r"\bdapi[a-f0-9]{32}(?:-\d)?\b", 2.5),
    ("telegram_token", "Telegram bot token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b", 3.0),
    ("vault_token", "HashiCorp Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,300}", 3.0),
    (
        "terraform_token",
        "Terraform Cloud token",
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}",
        3.0,
    ),
    ("grafana_token", "Grafana token", r"\bglsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}\b", 3.0),
    ("linear_key", "Linear key", r"\blin_api_[A-Za-z0-9]{40}\b", 3.0),
    (
        "age_key",
        "age secret key",
        r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b",
        3.0,
    ),
    ("azure_storage_key", "Azure storage key", r"\bAccountKey=[A-Za-z0-9+/]{86}==", 3.5),
    (
        "json_web_token",
        "Signed token",
        r"\beyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{16,1000}",
        3.0,
    ),
)
"""Shapes that carry a prefix their issuer reserved, with the floor that made-up ones stay below."""

_NAMES_OF_SECRETS = (
    r"(?:passw(?:or)?d|passwd|secret|token|(?:api|access|auth|account)[_-]?key|credential)"
)
_ARMOUR = r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"

SECRET_RULES = (
    *(_secret(id_, title, pattern, entropy_floor=floor) for id_, title, pattern, floor in _ISSUED),
    _secret(
        "private_key",
        "Private key",
        # The armour alone stands in every parser; a key begins its line, or follows on it.
        rf"^[ ]{{0,16}}{_ARMOUR}|{_ARMOUR}(?:\\[nr]| ){{1,8}}[A-Za-z0-9+/]{{20,76}}",
    ),
    _secret(
        "aws_secret_key",
        "AWS secret key",
        r"(?i)aws.{0,24}secret.{0,24}[=:][ \t]*[\"']?([A-Za-z0-9/+]{40})\b",
        entropy_floor=4.0,
        value_group=1,
    ),
    _secret(
        "url_password",
        "Password in an address",
        r"\b[a-z][a-z0-9+]{1,15}://[A-Za-z0-9._%+-]{1,64}:([A-Za-z0-9._~!$&*+,;=%-]{6,80})@[A-Za-z0-9.-]{1,200}",
        entropy_floor=3.0,
        value_group=1,
        certain=False,
    ),
    _secret(
        "assigned_secret",
        "Secret in an assignment",
        rf"(?i)\b[a-z0-9_.-]{{0,40}}{_NAMES_OF_SECRETS}[a-z0-9_]{{0,20}}[\"']?[ \t]{{0,4}}"
        r"(?:=|:|=>|:=)[ \t]{0,4}[\"']([A-Za-z0-9+/=_.~!@#$%^&*-]{16,200})[\"']",
        entropy_floor=3.7,
        value_group=1,
        certain=False,
    ),
)
"""What opens a door."""
