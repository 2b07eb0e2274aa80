"""Sentences about where AI may be used, and about rules that cannot be read; `catalogue` takes them in."""

from __future__ import annotations

POLICY: dict[str, tuple[str, str, str, str]] = {
    "policy.local_only": (
        "Only a model on this machine",
        "A rule of your organisation ({rule}) allows only a model on this machine for this file.",
        "{why} Your gateway is elsewhere, so nothing of it is sent.",
        "Work with the embedded gateway here, or ask {contact} if you think it should not apply.",
    ),
    "policy.review_label": (
        "To be reviewed",
        "A rule of your organisation ({rule}) wants a person to review what AI helped to write here.",
        "{why} Suggestions are fetched as usual.",
        "Put the label your team uses on the pull request; {contact} knows more.",
    ),
    "policy.unknown_remote": (
        "Unknown repository",
        "No rule of your organisation names this file's repository.",
        "What your organisation decided for unknown repositories applies.",
        "Ask whoever looks after the rules to add the repository.",
    ),
    "policy.unread": (
        "Rules not read yet",
        "Your organisation's rules could not be read so far: the document {problem}.",
        "Nothing is sent until they are, because this place might be closed.",
        "Nothing to do; they are asked for again by themselves.",
    ),
    "policy.unusable": (
        "New rules not usable",
        "Your organisation's rules were published anew, and the document {problem}.",
        "The rules that were read last stay in force.",
        "Tell whoever looks after the rules, if it goes on.",
    ),
    "policy.file_unusable": (
        "Policy file not usable",
        "Your organisation's policy file on this machine {problem}.",
        "Its rules that were read last stay in force; where none were, nothing is sent.",
        "Tell whoever looks after this machine.",
    ),
    "policy.rules_unreadable": (
        "Rules not readable",
        "Your organisation's place rules are not in a form this version can read.",
        "They may close any place, so all are closed.",
        "Tell whoever looks after the rules.",
    ),
    "policy.too_many": (
        "Too many rules",
        "Your organisation has more place rules than this version reads.",
        "Those left out may close any place, so all are closed.",
        "Tell whoever looks after the rules.",
    ),
    "policy.workspace_unreadable": (
        "Workspace rules not readable",
        "The file .sidelight.toml of this workspace cannot be read.",
        "It may close this place, so nothing is sent from here.",
        "Mend the file: each `[[place]]` has `path`, `mode` and `reason`.",
    ),
}
"""Title, what happened, what it means and what to do, by code."""
