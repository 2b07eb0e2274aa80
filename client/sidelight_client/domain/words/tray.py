"""The sentences of the tray; `domain.words.catalogue` takes them into its catalogue.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

TRAY: dict[str, tuple[str, str, str, str]] = {
    "tray.not_installed": (
        "Tray not installed",
        "The tray needs Qt, which is not installed ({problem}).",
        "Suggestions in your editors are not affected.",
        "Install it with `pip install 'sidelight[tray]'`; `sidelight status` shows the same as text.",
    ),
    "tray.qt_unfit": (
        "Qt release not usable",
        "PySide6 {version} ends a process under this Python ({python}) after a while.",
        "The tray would die without a word, so it does not start.",
        "Install another release with `pip install 'sidelight[tray]'`, or use Python 3.12 or newer.",
    ),
    "tray.no_display": (
        "No display",
        "There is no display that the tray could show itself on.",
        "Suggestions in your editors are not affected.",
        "Run `sidelight status --watch`, which shows the same as text.",
    ),
    "tray.no_answer": (
        "Tray does not answer",
        "A tray that runs already does not answer.",
        "A second one was not started.",
        "End it and start it again; `sidelight status` shows the same as text.",
    ),
    "tray.not_running": (
        "Tray not running",
        "No tray of yours runs.",
        "There is nothing to ask or to end.",
        "Start it with `sidelight tray`.",
    ),
    "tray.no_tray": (
        "No tray on this desktop",
        "Your desktop offers no place for tray icons.",
        "Sidelight shows this window instead and stays when you close it.",
        "Start Sidelight again to see it; on GNOME the AppIndicator extension adds a tray.",
    ),
    "tray.login_start_refused": (
        "Start at login not changed",
        "Whether the tray starts at login could not be written down ({problem}).",
        "It stays as it was.",
        "Give your user write access to your own settings folder and try again.",
    ),
    "tray.exception": (
        "Request an exception",
        "You ask that the rule {rule} should not have applied.",
        "Its owner gets the rule, the trace id and your words; no code and no file name.",
        "Write why in your own words, without what the rule found.",
    ),
    "tray.soft_limit": (
        "Give a reason",
        "A soft limit is passed: nothing stops, and your organisation would like to know why.",
        "Whoever looks after the limit gets your words.",
        "Write in a sentence what the requests are for.",
    ),
    "tray.ask_for_more": (
        "Ask for more",
        "A limit is used up, and suggestions pause until it starts again.",
        "Whoever looks after the limit gets its name and your words; nothing of your code.",
        "Write in a sentence what you need more for.",
    ),
    "tray.not_sent": (
        "Not sent",
        "The message could not be handed to Sidelight's broker, or it does not take any.",
        "Nobody has got it.",
        "Try again when the icon says that Sidelight runs.",
    ),
    "tray.broker_older": (
        "Not possible yet",
        "Sidelight's broker is older than the tray and does not know this wish.",
        "Nothing was changed.",
        "Close your editors and start them again, so that the newer broker starts.",
    ),
    "tray.starting": (
        "Starting",
        "Sidelight's broker is being reached.",
        "Nothing is known yet.",
        "Nothing to do.",
    ),
    "tray.broker_gone": (
        "Sidelight is not running",
        "The connection to Sidelight's broker ended at {lost_at}.",
        "Your editors get no suggestions; what is shown here is from before.",
        "It is tried again by itself. Start now does it at once, and the log says why it ended.",
    ),
    "tray.unread": (
        "State not understood",
        "Sidelight's broker reports a state that this tray does not know.",
        "Suggestions may be affected.",
        "Restart the tray if Sidelight was updated a moment ago.",
    ),
    "tray.breaker_open": (
        "Gateway left alone for a moment",
        "The gateway failed several times in a row.",
        "Suggestions pause until {retry_at}; nothing you typed is lost.",
        "Nothing to do: the next try is automatic, or choose Retry now.",
    ),
    "tray.breaker_probing": (
        "Gateway being tried again",
        "The gateway failed several times in a row and is being tried with one request.",
        "Suggestions come back when it answers.",
        "Nothing to do.",
    ),
    "tray.outage": (
        "Outage",
        "The gateway's status page reports an outage.",
        "Suggestions pause while requests fail; nothing you typed is lost.",
        "Nothing to do: the next try is automatic.",
    ),
    "tray.service_slow": (
        "Service degraded",
        "The gateway's status page reports trouble.",
        "Suggestions may come late or not at all; nothing you typed is lost.",
        "Nothing to do: it shows here when it is over.",
    ),
    "tray.nearly_used": (
        "Limit nearly reached",
        "{used} of {limit} {unit} are used ({scope} limit).",
        "Suggestions pause when the rest is used; the count starts again at {resets_at}.",
        "Nothing to do; explicit requests count the same.",
    ),
    "tray.runs_out": (
        "Limit runs out early",
        "At this pace the {scope} limit of {limit} {unit} is used up at {until}.",
        "Suggestions would pause from then until {resets_at}.",
        "Nothing to do, or pause suggestions while you do not need them.",
    ),
    "tray.blocked": (
        "A request was blocked",
        "A rule objected to what would have been sent at {until}.",
        "That text was not completed; everything else goes on.",
        "Your editor shows the place and the rule.",
    ),
}
