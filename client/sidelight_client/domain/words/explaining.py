"""The sentences of explanations in place: what was sent, what was slow, and why there is nothing.

Each is title, what happened, what it means, what to do; `domain.words.catalogue` takes them in.
"""

from __future__ import annotations

_ASK = "Ask for a suggestion explicitly where you want one."
_FASTER = "If it goes on, ask for a suggestion explicitly: that is waited for longer."

EXPLAINING: dict[str, tuple[str, str, str, str]] = {
    # Stopped before anything was sent
    "content.stopped": (
        "Not sent: {title}",
        "The gateway's rule {rule} would refuse this text, so it was not sent and cost no request.",
        "{why}",
        (
            "Take it out, or choose Redact and retry; if the rule should not apply, choose Request "
            "exception."
        ),
    ),
    "content.no_reason": (
        "No reason given",
        "Whoever wrote the rule gave no reason for it.",
        "Values of this kind are not to leave.",
        "Ask them if you need to know more.",
    ),
    "content.not_redactable": (
        "Cannot be redacted",
        (
            "Values here must be replaced before they leave, and cannot be: they are too many, or a "
            "rule objects to whatever stands in their place."
        ),
        "Nothing was sent.",
        "Take them out of the text near the cursor, or tell whoever wrote the rules.",
    ),
    "content.rules_not_ready": (
        "Rules not ready yet",
        (
            "Your organisation wants values replaced before anything leaves, and its rules are still "
            "being prepared."
        ),
        "Nothing was sent for this keystroke.",
        "Nothing to do; it takes a second or two.",
    ),
    "content.unsearched": (
        "Not looked at completely",
        "Some of what was sent could not be checked here with every rule.",
        "That nothing was found does not mean there is nothing.",
        "`sidelight gateway check` names the rules that cannot be used here.",
    ),
    "content.may_stop": (
        "Found: {title}",
        "The gateway does not say what it objects to; the shape of this value is one that many do.",
        "Whether it would be refused is not known.",
        "Take it out, mark it if you made it up, or leave it.",
    ),
    "content.passes": (
        "Found: {title}",
        "The rule {rule} notices this value, and the gateway lets it through.",
        "It is sent unless you take it out.",
        "Nothing to do if it may leave.",
    ),
    "content.would_stop": (
        "Would be refused: {title}",
        "The gateway's rule {rule} refuses text with this value, so no request that holds it is sent.",
        "{why}",
        (
            "Take it out, or choose Redact and retry; if the rule should not apply, choose Request "
            "exception."
        ),
    ),
    # What was sent
    "context.sent": (
        "What was sent",
        "Sent {tokens} tokens: {parts}.",
        "Left out: {left_out}.",
        "Choose “What was sent?” to read it whole.",
    ),
    "context.whole": (
        "What was sent",
        "Sent {tokens} tokens: {parts}.",
        "Nothing of this file was left out.",
        "Choose “What was sent?” to read it whole.",
    ),
    "context.mostly_cut": (
        "Most of this file was left out",
        "{share} % of the lines of this file went along; the {tier} tier reads no more.",
        "The model cannot know what stands in the rest.",
        "Put what matters near the cursor, or ask with a slower tier, which reads more.",
    ),
    "context.large_file": (
        "Large file",
        "This file has {lines} lines, of which a request reads a few dozen around the cursor.",
        "Suggestions may miss what stands further away; editing stays as fast as anywhere.",
        "Splitting the file helps; so does a comment that names what you mean.",
    ),
    "context.nothing_sent": (
        "Nothing was sent",
        "No request was made from this file since it was opened.",
        "There is no text to show.",
        _ASK,
    ),
    "context.forgotten": (
        "No longer kept",
        "What was sent is kept in memory for the latest requests only, and this one is gone.",
        "There is no text to show.",
        "Ask again, then look at once.",
    ),
    # Why it was slow
    "slow.queue": (
        "Slow: waiting to be sent",
        (
            "Of {took_ms} ms, {stage_ms} ms went by before the request left: the session was being "
            "renewed, or others were ahead. The {tier} tier aims at {target_ms} ms."
        ),
        "The suggestion came late, or not at all.",
        "Nothing to do; `sidelight status` shows whether it goes on.",
    ),
    "slow.context": (
        "Slow: gathering the text",
        (
            "Of {took_ms} ms, {stage_ms} ms went by choosing what to send. The {tier} tier aims at "
            "{target_ms} ms."
        ),
        "The suggestion came late, or not at all.",
        "Close files you no longer need.",
    ),
    "slow.gateway": (
        "Slow: the gateway",
        (
            "Of {took_ms} ms, {stage_ms} ms went by until the gateway's first word. The {tier} tier "
            "aims at {target_ms} ms."
        ),
        "The suggestion came late, or not at all.",
        _FASTER,
    ),
    "slow.model": (
        "Slow: the model",
        "Of {took_ms} ms, the model wrote for {stage_ms} ms. The {tier} tier aims at {target_ms} ms.",
        "The suggestion came late, or not at all.",
        "Fewer lines at a time are faster: see the setting completions.max_lines.",
    ),
    # Why there is nothing
    "silence.typed_on": (
        "You typed on",
        "The text changed before the answer was there, so the answer no longer fitted.",
        "There is no suggestion for that keystroke.",
        "Nothing to do; the next pause is asked about again.",
    ),
    "silence.asked_again": (
        "Asked again",
        "Your editor asked again before this was answered, and the newer question took its place.",
        "There is no suggestion for that keystroke.",
        "Nothing to do.",
    ),
    "silence.withdrawn": (
        "Withdrawn by the editor",
        "Your editor took the question back before it was answered.",
        "There is no suggestion for that keystroke.",
        "Nothing to do; the cursor moved, or something else was shown.",
    ),
    "silence.does_not_fit": (
        "Does not fit here",
        "There was a suggestion, and it could not be placed without touching what you wrote.",
        "It was not shown.",
        "Nothing to do; type on, or choose another entry in the menu.",
    ),
    "silence.empty": (
        "Nothing to add",
        "The gateway answered, and had nothing to add here.",
        "There is no suggestion at this place.",
        "Nothing to do; a comment about what comes next often helps.",
    ),
    "silence.broke": (
        "Something went wrong here",
        "This request failed inside Sidelight.",
        "There is no suggestion for that keystroke; nothing you typed is lost.",
        "If it goes on, `sidelight doctor` and the log say more.",
    ),
    "silence.shown": (
        "There was a suggestion",
        "A suggestion was shown here ({source}, {tier} tier, {took_ms} ms).",
        "If you do not see it any more, you typed past it or dismissed it.",
        "Ask again to see another.",
    ),
    "silence.never_asked": (
        "Not asked for",
        "Your editor did not ask for a suggestion at this place.",
        "Nothing was sent, and nothing stands in the way now.",
        _ASK,
    ),
    "silence.not_followed": (
        "File not followed",
        "This file is not open here, or is too large to follow.",
        "Nothing of it is sent.",
        "Open it in the editor; a file of more than 64 MB stays without suggestions.",
    ),
    # What can be done about a finding
    "fixture.marked": (
        "Marked as fixture",
        "The value counts as made up from now on.",
        "What the gateway does with it is still the gateway's decision.",
        "Take the mark away to undo it.",
    ),
    "fixture.impossible": (
        "No mark written",
        "The editor did not take the change, or nothing is found at this place.",
        "Nothing was changed.",
        "Write `sidelight: fixture` in a comment on the line yourself.",
    ),
    "redaction.on": (
        "Redacting in this file",
        (
            "Values the rules find are replaced by placeholders before anything of this file leaves, "
            "until you close it; the answer gets them back."
        ),
        "The gateway never sees them.",
        "Ask for a suggestion now.",
    ),
    "redaction.forbidden": (
        "Redaction not allowed",
        "Your organisation does not allow values to be replaced before sending.",
        "The text stays stopped while the value is in it.",
        "Take the value out, or choose Request exception.",
    ),
    "exception.asked": (
        "Request an exception",
        "Say why the rule {rule} should not apply here.",
        (
            "Your words go to whoever owns it, with the rule's name and the trace id; the value, the "
            "path and your code do not go along."
        ),
        "Call the command with your reason as its last argument.",
    ),
    "exception.no_rule": (
        "No rule here",
        "No rule objects to anything at this place.",
        "There is nothing to ask an exception from.",
        "Put the cursor on the finding first.",
    ),
    "usage.today": (
        "Usage today",
        "{requests} requests were made today from this machine.",
        "Of the limits is used: {limits}.",
        "`sidelight usage` shows hours, tiers and tokens.",
    ),
    "selftest.failed": (
        "No self-test",
        "The self-test could not be run.",
        "Nothing is known about what stands in the way.",
        "Run `sidelight doctor` in a terminal.",
    ),
    "selftest.done": (
        "Self-test done",
        "The self-test found {count} problems.",
        "What it found is in its report.",
        "`sidelight doctor` shows the whole report in a terminal.",
    ),
    "tray.not_started": (
        "Tray not started",
        "The tray could not be started from here.",
        "Everything else goes on.",
        "Run `sidelight tray` in a terminal of your desktop.",
    ),
    "explain.nothing_in_the_way": (
        "Nothing stands in the way",
        "No rule, limit, pause or missing session would keep a request from being sent.",
        "A suggestion can be asked for here.",
        "Ask in your editor, or with `sidelight complete`.",
    ),
}
