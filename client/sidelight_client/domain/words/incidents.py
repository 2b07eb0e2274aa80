"""The sentences about outages, the usage ledger and feedback; `domain.words.catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

INCIDENTS: dict[str, tuple[str, str, str, str]] = {
    "incident.down_here": (
        "No answer from {name} here",
        "Your requests to {name} fail, and its status page does not say so yet.",
        "There are no suggestions from it until it answers again; nothing you typed is lost.",
        "Nothing: Sidelight tries again by itself. Tell whoever runs {name} if it lasts.",
    ),
    "incident.slow_here": (
        "Slow answers from {name} here",
        "Answers from {name} take longer than they may, and its status page does not say so yet.",
        "Suggestions come late or not at all; nothing you typed is lost.",
        "Nothing: it shows again when it is over.",
    ),
    "ledger.damaged": (
        "Usage ledger was damaged",
        "The usage ledger could not be read any more, so it was moved to {path}.",
        "Counting began anew: what was used before is not in these numbers.",
        "Delete that file when nobody needs it; nothing else depends on it.",
    ),
    "ledger.unreadable": (
        "Usage ledger cannot be read",
        "The usage ledger at {path} cannot be read ({problem}).",
        "What was used is not known at the moment; completions do not depend on it.",
        "Start the broker, which moves a damaged ledger aside by itself, or delete the file.",
    ),
    "feedback.sent": (
        "Sent to your organisation",
        "The gateway took your message about {subject}.",
        "Whoever looks after it gets the rule, the trace id and your words, and no code.",
        "Nothing: the answer comes from them.",
    ),
    "feedback.no_endpoint": (
        "No way to send it from here",
        "The gateway takes no messages about {subject}.",
        "Nothing was sent.",
        "Use your organisation's form where there is one, and give the trace id.",
    ),
    "feedback.failed": (
        "Message not sent",
        "Your message about {subject} could not be handed over: {problem}.",
        "Nothing was sent, and it is not kept.",
        "Try again later.",
    ),
    "feedback.reason_refused": (
        "Message not sent",
        "What you wrote about {subject} contains text that a rule forbids to send.",
        "Nothing was sent.",
        "Describe it in other words, without the value itself.",
    ),
}
