"""The sentences for a sign-in that did not finish; `domain.words.catalogue` takes them into its catalogue.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

_AS_BEFORE = "You are as signed in, or out, as before."

LOGIN: dict[str, tuple[str, str, str, str]] = {
    "login.failed": (
        "Sign-in did not finish",
        "The sign-in did not finish: {problem}.",
        _AS_BEFORE,
        "Try `sidelight login` again, or `sidelight login --device`.",
    ),
    "login.declined": (
        "Sign-in declined",
        "The sign-in was declined on the page of the sign-in service ({reason}).",
        _AS_BEFORE,
        "If that was not you, ask your administrator whether your account may use this application.",
    ),
    "login.timed_out": (
        "Sign-in took too long",
        "Nobody finished the sign-in in the time there is for it ({reason}).",
        _AS_BEFORE,
        "Start again with `sidelight login`; the old page and the old code no longer count.",
    ),
    "login.replaced": (
        "Another sign-in took over",
        "A newer sign-in of yours was started the other way, and replaced this one.",
        "Only the newer one counts.",
        "Finish that one.",
    ),
    "login.port_busy": (
        "Nothing can listen for the answer",
        "No address of this machine is free for the sign-in service to answer to ({reason}).",
        _AS_BEFORE,
        "Close what uses the ports of `auth.redirect_ports`, or use `sidelight login --device`.",
    ),
    "login.unreachable": (
        "Sign-in service not reached",
        "The sign-in service, or the gateway that names it, could not be reached ({reason}).",
        _AS_BEFORE,
        "Check the network and the VPN, then try again; `sidelight doctor` looks more closely.",
    ),
    "login.certificate": (
        "Certificate not trusted",
        "This machine does not trust the certificate of the sign-in service ({reason}).",
        "No connection is made, and nothing was sent.",
        "`sidelight doctor` names the certificate and what to do about it.",
    ),
    "login.proxy": (
        "Proxy in the way",
        "The proxy did not let the request to the sign-in service through ({reason}).",
        _AS_BEFORE,
        "Check the proxy's address and credentials; `sidelight doctor` names the one that is used.",
    ),
    "login.service_down": (
        "Sign-in service out of order",
        "The sign-in service answered that it cannot sign anybody in at the moment ({reason}).",
        _AS_BEFORE,
        "Try again in a few minutes; if others have the same, tell whoever runs it.",
    ),
    "login.page_wanted": (
        "Something to do on the page",
        "The sign-in service wants you to do more on its own page before it lets you in ({reason}).",
        _AS_BEFORE,
        "Sign in with `sidelight login`, in a browser, and follow what the page asks.",
    ),
    "login.consent_wanted": (
        "Consent missing",
        "Somebody has to consent to what Sidelight asks for ({reason}).",
        _AS_BEFORE,
        "Consent on the sign-in page; where it does not offer that, ask your administrator to.",
    ),
    "login.too_late": (
        "Sign-in no longer valid",
        "The sign-in service did not accept its own answer when it was handed back ({reason}).",
        _AS_BEFORE,
        "Try again; if it stays so, the clock of this machine or an interfering proxy is the likely cause.",
    ),
    "login.answer_wrong": (
        "Answer not believed",
        "The sign-in service's answer was not what it has to be ({reason}), so it was not used.",
        _AS_BEFORE,
        "Try again; if it stays so, show this to your administrator.",
    ),
    "login.device_missing": (
        "No codes offered",
        "The sign-in service does not offer a sign-in by code.",
        _AS_BEFORE,
        "Use `sidelight login` with a browser, or ask your administrator to allow the device flow.",
    ),
    "login.extra_missing": (
        "Extra not installed",
        "Signing in with Entra ID needs a part of Sidelight that is not installed.",
        _AS_BEFORE,
        "Install Sidelight with its extra `entra`, then try again.",
    ),
}
