"""The sentences of `sidelight doctor`; `domain.words.catalogue` takes them into its catalogue.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

DOCTOR: dict[str, tuple[str, str, str, str]] = {
    "doctor.address": (
        "Address not usable",
        "The address of the {role} is not one that can be asked: {problem}.",
        "Nothing can be fetched from it.",
        "Write it as https://host, in the setting that `sidelight config show` names.",
    ),
    "doctor.name_unknown": (
        "Host name not found",
        "DNS knows no address for {host}, the {role} ({problem}).",
        "Nothing can be fetched from it; your session is kept.",
        "Check the network and the VPN, and that the name is spelled as your organisation spells it.",
    ),
    "doctor.not_reachable": (
        "No connection",
        "The {role} at {host} cannot be reached: {problem}.",
        "Nothing can be fetched from it; your session is kept.",
        "Check the network and the VPN; if others have the same, tell whoever runs the {role}.",
    ),
    "doctor.certificate": (
        "Certificate not trusted",
        "This machine does not trust the certificate of the {role} at {host} ({problem}).",
        "No connection is made, and no token is sent.",
        (
            "Have your company's authority installed in the system's trust store (or, on Linux, name it "
            "in SSL_CERT_FILE)."
        ),
    ),
    "doctor.ca_missing": (
        "Certificate file missing",
        "The variable {name} names {path}, which cannot be read.",
        "The system's own trust store may be used in its place, or none.",
        "Correct the variable or take it out of the environment, then restart Sidelight.",
    ),
    "doctor.ca_ignored": (
        "Certificate variables without effect",
        "These variables are set, and Sidelight does not read them: {names}.",
        "A certificate authority that only they name is not trusted.",
        "Install it in the system's trust store (or, on Linux, name its file in SSL_CERT_FILE).",
    ),
    "doctor.proxy_credentials": (
        "Proxy asks for credentials",
        "The proxy {proxy} answered 407: it lets nobody through to {host} without credentials.",
        "Nothing can be fetched; your session is kept.",
        (
            "Put the credentials into the proxy's address, run a local helper that signs in to the proxy, "
            "or have {host} exempted."
        ),
    ),
    "doctor.proxy_refused": (
        "Proxy refuses",
        "The proxy {proxy} does not let requests through to {host} ({problem}).",
        "Nothing can be fetched; your session is kept.",
        "Ask whoever runs the proxy to allow {host}, or name it in NO_PROXY if it is inside.",
    ),
    "doctor.proxy_unreachable": (
        "Proxy not reachable",
        "The proxy {proxy} for {host} cannot be reached: {problem}.",
        "Nothing can be fetched; your session is kept.",
        "Check the network and the VPN, and the proxy's address in HTTPS_PROXY or HTTP_PROXY.",
    ),
    "doctor.web_page": (
        "A web page instead of an answer",
        (
            "The {role} at {host} answered with a web page or sent us to {place}, where data was "
            "expected."
        ),
        "Most likely the network wants you to sign in to it first; your session is kept.",
        (
            "Open a web page in your browser and sign in to the network; if there is none, the address is "
            "not a {role}'s."
        ),
    ),
    "doctor.server_error": (
        "Server in trouble",
        "The {role} at {host} answered with status {status}.",
        "It can be reached and does not work at the moment; your session is kept.",
        "Wait, or tell whoever runs it.",
    ),
    "doctor.document_unreadable": (
        "Description not usable",
        "What the {role} at {host} says about itself cannot be used: {problem}.",
        "Signing in and renewing the session will fail.",
        "Check the address; if it is right, show this to whoever runs the {role}.",
    ),
    "doctor.not_offered": (
        "Sign-in service offers too little",
        "The {role} at {host} says that it does not offer {missing}.",
        "Your session cannot be renewed, and you have to sign in again whenever it ends.",
        "Ask your administrator to allow it for Sidelight.",
    ),
    "doctor.clock": (
        "Clock is wrong",
        "The clock of this machine is {offset_s} s {direction} of the servers'.",
        "Signing in can fail, and times are shown wrongly; your session is not ended by it.",
        "Let the system set its clock from the network.",
    ),
    "doctor.folder": (
        "Folder not safe",
        "The {name} folder {folder} {problem}.",
        "Sidelight refuses to use it, or another user could read along.",
        "Correct its owner and permissions (0700), or point SIDELIGHT_HOME at a folder of your own.",
    ),
    "doctor.broker_silent": (
        "Broker does not answer",
        "The Sidelight broker, process {pid}, took a question and gave no answer.",
        "Editors wait for it in vain.",
        "End that process; the next editor or command starts another one.",
    ),
    "doctor.broker_version": (
        "Broker of another version",
        "The running broker is another build ({theirs}) than this command ({ours}).",
        "What it does may differ from what this version's documentation says.",
        "Restart your editors; the newer version takes over.",
    ),
    "doctor.lock_held": (
        "Session locked by another process",
        "A renewal waited in vain for the session's lock, last taken by process {pid}.",
        "The session is renewed as soon as that process lets go.",
        "If the process is stopped or hangs, end it; the lock is then free at once.",
    ),
    "doctor.renewals_fail": (
        "Renewals fail",
        "The last {count} renewals of the session failed, the latest with: {problem}.",
        "The session ends only if the sign-in service says so; until then it is tried again.",
        "The other findings may name the cause; if there are none, show this to your administrator.",
    ),
    "doctor.no_refresh_token": (
        "Session cannot be renewed",
        "The sign-in service at {issuer} gave no refresh token.",
        "You have to sign in again whenever the access token ends.",
        "Ask your administrator to allow offline_access and the refresh token grant for Sidelight.",
    ),
    "doctor.short_life": (
        "Short-lived access tokens",
        "Access tokens of {issuer} live for {minutes} min.",
        "Each sleep of the machine outlasts them, and the sign-in service is asked very often.",
        "Ask your administrator for a life of at least ten minutes; an hour or more is usual.",
    ),
    "doctor.rotation_grace": (
        "Grace time for refresh tokens too short",
        "The sign-in service at {issuer} rejected a retry that came {seconds} s after a lost answer.",
        "Every answer that the network loses at the wrong moment signs you out.",
        "Ask your administrator to set the grace time of refresh token rotation to 30 s or more.",
    ),
}
"""By code."""
