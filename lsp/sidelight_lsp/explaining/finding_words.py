"""What is said about a content finding: in a line for the list of problems, and in full for a hover."""

from __future__ import annotations

from sidelight_client.api import Answer, ContentFinding, Message, RuleSource, say


def standing(finding: ContentFinding) -> Message:
    """What the gateway would do about it, and what that means."""
    content = finding.rule.content
    facts = {
        "title": content.title,
        "rule": finding.rule.id,
        "why": content.explain or say("content.no_reason").what,
    }
    if finding.would_block is Answer.YES:
        return say("content.would_stop", facts)
    if finding.would_block is Answer.NO:
        return say("content.passes", facts)
    return say("content.may_stop", facts)


def reality(finding: ContentFinding) -> Message:
    """Whether it is real, and how that is known."""
    return say(f"content.{finding.why.value}")


def line(finding: ContentFinding) -> str:
    """One line, for the list of problems: what it is, a masked sample and whether it is real."""
    return f"{standing(finding).title} ({finding.masked}). {reality(finding).what}"


def whole(finding: ContentFinding) -> str:
    """The full account. It repeats nothing of `line` word by word but the sample."""
    stands, real = standing(finding), reality(finding)
    source = {
        RuleSource.POLICY: "stated by your organisation",
        RuleSource.LISTED: "listed by the gateway",
        RuleSource.GUESS: "a guess of Sidelight's own catalogue",
    }[finding.rule.source]
    paragraphs = [
        f"{finding.masked} · rule {finding.rule.id}, {source}",
        f"{stands.what} {stands.means} {stands.do}",
        (
            f"Is it real? {finding.real.value.capitalize()}: {real.title[0].lower()}{real.title[1:]}. "
            f"{real.means} {real.do}"
        ),
    ]
    if finding.rule.content.appeal_url:
        paragraphs.append(finding.rule.content.appeal_url)
    return "\n\n".join(paragraphs)
