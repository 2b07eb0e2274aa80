"""The sentences of content findings and of `sidelight scan`; `domain.words.catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

_UNSEEN = "What this rule objects to is not seen here before the gateway says so."
_NOT_REAL = "It belongs to nobody."
_REWRITE = "Rewrite the rule in RE2's syntax."

CONTENT: dict[str, tuple[str, str, str, str]] = {
    # Is it real?
    "content.marked": (
        "Marked as made up",
        "A person marked this value as made up.",
        "It counts as a fixture; what the gateway does with it is the gateway's decision.",
        "Take the mark away if it is a real value after all.",
    ),
    "content.published": (
        "Published test value",
        "This value is printed in a manual as an example or for tests.",
        _NOT_REAL,
        "Nothing to do; if a gateway objects to it, redact it or ask for an exception.",
    ),
    "content.check_fails": (
        "Check digits do not fit",
        "The number fails the check that every real one passes.",
        "It is made up, or has a typing error.",
        "Nothing to do; if a gateway objects to it, redact it or ask for an exception.",
    ),
    "content.never_issued": (
        "Never issued",
        "No authority ever issued a number like this: its area, group or serial does not exist.",
        _NOT_REAL,
        "Nothing to do; if a gateway objects to it, redact it or ask for an exception.",
    ),
    "content.reserved_domain": (
        "Reserved domain",
        "The domain of this address is reserved for examples or never leaves a network.",
        _NOT_REAL,
        "Nothing to do.",
    ),
    "content.made_up": (
        "Plainly made up",
        "The value is a word or a run of digits that people write where a real one would stand.",
        _NOT_REAL,
        "Nothing to do.",
    ),
    "content.fixture_path": (
        "In a folder of tests",
        "The value could be real, and the file lies where made-up values are kept.",
        "Whether it is real cannot be told from here.",
        "Replace it by a published test value, or mark it with `sidelight: fixture`.",
    ),
    "content.neighbours": (
        "Words beside it say example",
        "The value could be real, and the words beside it speak of an example or a test.",
        "Whether it is real cannot be told from here.",
        "Replace it by a published test value, or mark it with `sidelight: fixture`.",
    ),
    "content.check_passes": (
        "Check digits fit",
        "The number passes the check that real ones pass.",
        "It may be somebody's.",
        "Take it out, or mark it with `sidelight: fixture` if you made it up.",
    ),
    "content.issuer_shape": (
        "Shape of a real secret",
        "The value has the prefix and the length that its issuer gives to real ones.",
        "Whoever reads it can use it.",
        "Take it out and have it replaced; a secret that was written down is no secret.",
    ),
    "content.no_check": (
        "Cannot be checked",
        "There is no check that tells whether this value is real.",
        "It may be.",
        "Take it out, or mark it with `sidelight: fixture` if you made it up.",
    ),
    # Rules that cannot be used
    "rule.refused": (
        "Rule not understood",
        "The pattern of the rule {rule} is not one that can be matched ({problem}).",
        _UNSEEN,
        _REWRITE,
    ),
    "rule.not_linear": (
        "Rule could stall a machine",
        "The rule {rule} uses {problem}, which needs an engine that can take hours on one line.",
        f"It is never run on your text. {_UNSEEN}",
        "Rewrite the rule without it.",
    ),
    "rule.matches_nothing": (
        "Rule matches everywhere",
        "The pattern of the rule {rule} matches the empty text, and so every place and none.",
        _UNSEEN,
        "Rewrite the rule so that it needs at least one character.",
    ),
    "rule.too_long": (
        "Rule too long",
        "The pattern of the rule {rule} has more than {limit} characters.",
        _UNSEEN,
        "Split it into several rules.",
    ),
    "rule.too_many": (
        "Too many rules",
        "There are more rules than are read; {left_out} are left out, from {rule} on.",
        "What they object to is not seen here before the gateway says so.",
        "Join rules that say the same.",
    ),
    "rule.too_large": (
        "Rule needs too much memory",
        "Compiled, the rule {rule} needs more memory than there is for rules.",
        _UNSEEN,
        "Use smaller repetitions.",
    ),
    "rule.unknown_kind": (
        "Unknown kind of rule",
        "The rule {rule} is of the kind {problem}, which this version does not know.",
        _UNSEEN,
        "Update Sidelight, or state the rule as `re2` or `keyword`.",
    ),
    "rule.unknown_validator": (
        "Unknown validator",
        "The rule {rule} names the validator {problem}, which this version does not know.",
        "The rule is used without it, and may find more here than at the gateway.",
        "Update Sidelight, or choose another validator.",
    ),
    "rule.unknown_pattern": (
        "Cannot be predicted",
        "The gateway checks with {rule}, and what that looks for is not known here.",
        "It may stop text in which nothing is found here.",
        "Nothing to do; the gateway's own answer is shown when it comes.",
    ),
    # sidelight scan
    "scan.binary": (
        "Binary file left out",
        "{path} is not text.",
        "It was not scanned.",
        "Nothing to do.",
    ),
    "scan.huge": (
        "Huge file left out",
        "{path} is larger than {limit} MB.",
        "It was not scanned, so nothing is known about it.",
        "Leave it out of the scan, or split it.",
    ),
    "scan.changed": (
        "File changed meanwhile",
        "{path} changed while it was read, twice.",
        "It was not scanned, so nothing is known about it.",
        "Scan it again when nothing writes to it.",
    ),
    "scan.unreadable": (
        "File not readable",
        "{path} could not be read ({problem}).",
        "It was not scanned, so nothing is known about it.",
        "Check the path and its permissions.",
    ),
    "scan.incomplete": (
        "Scan cut short",
        "{path} has more findings, or longer lines, than a scan goes into.",
        "What is shown is not all of it.",
        "Mark generated files as fixtures, or scan a part of it.",
    ),
    "scan.too_many": (
        "Too many files",
        "There are more than {limit} files here.",
        "The others were not scanned, so nothing is known about them.",
        "Name fewer folders at a time.",
    ),
    "scan.policy_unreadable": (
        "No policy document",
        "{path} is neither a policy document nor a gateway's list of guardrails ({problem}).",
        "Nothing was scanned.",
        "Give the JSON that the gateway serves.",
    ),
    "scan.marks_unreadable": (
        "Marks not read",
        "The marks in {path} could not be read ({problem}).",
        "No value counts as marked by it.",
        "Write `[[fixture]]` tables with `path`, `rules` and `reason`.",
    ),
}
