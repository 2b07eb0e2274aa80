"""Sentences about editors that run on another machine than the broker; `catalogue` takes them in."""

from __future__ import annotations

REMOTE: dict[str, tuple[str, str, str, str]] = {
    "remote.missing": (
        "Forwarded socket missing",
        "There is no socket at {path}, where SIDELIGHT_SOCKET points.",
        (
            "The SSH connection that forwards it is not up, or forwards to another path, so there are "
            "no suggestions here."
        ),
        (
            "Connect again with RemoteForward, or unset SIDELIGHT_SOCKET to work with a session of "
            "this machine."
        ),
    ),
    "remote.stale": (
        "Forwarded socket left over",
        "Nobody answers at {path}: the SSH connection that forwarded this socket has ended.",
        "There are no suggestions here until it is forwarded anew.",
        (
            "Connect again; where the old socket is in the way, remove it, or set "
            "StreamLocalBindUnlink in the server's sshd_config."
        ),
    ),
    "remote.unsafe": (
        "Forwarded socket refused",
        "The forwarded socket {path} is not used, because {problem}.",
        "Another user of this machine could use your session, or read what you write.",
        (
            "Forward it into a folder of yours that nobody else may write, such as XDG_RUNTIME_DIR, "
            "and leave sshd's StreamLocalBindMask as it is."
        ),
    ),
    "remote.nobody": (
        "Nobody at home",
        "The SSH connection is up, but no Sidelight answers at its other end.",
        "There are no suggestions here until one runs on your own machine.",
        (
            "Start an editor or the tray there, and look that the connection forwards "
            "broker-remote.sock of the runtime folder that `sidelight doctor` names."
        ),
    ),
    "remote.own_rules": (
        "Rules out of reach",
        "The folder {folder} has a .sidelight.toml with rules about where AI may be used.",
        "Over a forwarded socket Sidelight cannot follow them, so it does not serve this folder.",
        "Unset SIDELIGHT_SOCKET and start `sidelight lsp --in-process` here, which reads them.",
    ),
    "remote.refused": (
        "Not over a forwarded socket",
        "This cannot be done from a machine that your Sidelight is forwarded to.",
        "Whoever looks after that machine could do it in your name.",
        "Do it on your own machine.",
    ),
    "policy.out_of_sight": (
        "Repository out of sight",
        "This file lies on another machine, so Sidelight cannot see whether the rule is about it.",
        "What cannot be seen counts as meant by the rule.",
        "Run `sidelight lsp --in-process` on that machine, which looks at the repository there.",
    ),
}
