"""Carries out what a person asks for by a click: in the broker, on the desktop, or in the tray."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, assert_never, cast

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from .face.acts import Act, Action
from .face.face import MUTE_SHORT_S, PAUSE_SHORT_S
from .heard.fields import address, clean, section, text

if TYPE_CHECKING:
    from .tray import Tray

OpenAddress = Callable[[QUrl], bool]


class Wishes:
    """The one place that acts on a click. `open_address` hands an address to the desktop."""

    def __init__(
        self,
        tray: Tray,
        quit_now: Callable[[], None],
        open_address: OpenAddress = QDesktopServices.openUrl,
    ) -> None:
        self._tray, self._quit = tray, quit_now
        self.open_address = open_address
        self._signing_in = False

    def perform(self, action: Action) -> None:
        """Do what `action` stands for."""
        tray, link = self._tray, self._tray.link
        match action.act:
            case Act.OPEN | Act.DETAILS:
                tray.windows.show_details()
            case Act.SIGN_IN:
                self._sign_in(device=False)
            case Act.SIGN_IN_WITH_CODE:
                self._sign_in(device=True)
            case Act.SIGN_OUT:
                link.ask("logout")
            case Act.PAUSE_SHORT | Act.PAUSE_LONG | Act.RESUME:
                link.ask("pause", {"until": self._end_of(action.act)})
            case Act.PAUSE_LANGUAGE_SHORT | Act.PAUSE_LANGUAGE_LONG | Act.RESUME_LANGUAGE:
                pause = {"language": action.argument, "until": self._end_of(action.act)}
                link.ask("pause_language", pause, self._understood)
            case Act.MUTE_SHORT | Act.MUTE_LONG | Act.UNMUTE:
                link.ask("mute", {"until": self._end_of(action.act)}, self._understood)
            case Act.MENU:
                tray.windows.show_menu()
            case Act.RETRY:
                link.ask("retry")
            case Act.START:
                link.open(start=True)
            case Act.COPY_TRACE:
                QGuiApplication.clipboard().setText(action.argument)
            case Act.STATUS_PAGE | Act.POLICY_PAGE:
                self._browse(action.argument)
            case Act.DIAGNOSTICS:
                tray.windows.show_diagnostics()
            case Act.LOGS:
                self._open_file(str(tray.around.log_file))
            case Act.SETTINGS:
                self._open_file(str(tray.around.config_file))
            case Act.REQUEST_EXCEPTION:
                self._request_exception(action.argument)
            case Act.GIVE_REASON:
                self._ask_reason("tray.soft_limit", {}, {"subject": "soft_limit"})
            case Act.ASK_FOR_MORE:
                about = {"subject": "limit_reached", "rule": action.argument}
                self._ask_reason("tray.ask_for_more", {}, about)
            case Act.START_AT_LOGIN:
                self._turn_login_start(on=True)
            case Act.STAY_AWAY_AT_LOGIN:
                self._turn_login_start(on=False)
            case Act.QUIT:
                self._quit()
            case _:
                assert_never(action.act)

    def prompted(self, data: Mapping[str, Any]) -> None:
        """The broker says where to sign in; a person asked for it by a click a moment ago."""
        url, code = address(data, "url"), clean(data.get("user_code"))
        if not self._signing_in:
            return
        if code:
            self._tray.windows.show_text(
                "Sign in with a code",
                f"Open {url} on any device and type this code.",
                code,
            )
        else:
            self._browse(url)

    def _sign_in(self, *, device: bool) -> None:
        asked = self._tray.link.ask("login", {"device": device}, self._signed_in)
        self._signing_in = self._signing_in or asked

    def _signed_in(self, answer: Mapping[str, Any]) -> None:
        self._signing_in = False
        result = answer.get("result")
        told = cast("dict[str, Any]", result) if isinstance(result, dict) else dict[str, Any]()
        if told.get("signed_in") is True:
            return
        problem = clean(told.get("detail")) or clean(told.get("code")) or "the broker refused it"
        message = self._tray.around.say("login.failed", {"problem": problem})
        self._tray.windows.show_text(message.title, message.text.replace("`", ""), "")

    def _end_of(self, act: Act) -> float | None:
        """When the pause that `act` asks for ends; None where it asks to go on."""
        tray = self._tray
        match act:
            case Act.PAUSE_SHORT | Act.PAUSE_LANGUAGE_SHORT:
                return tray.now() + PAUSE_SHORT_S
            case Act.MUTE_SHORT:
                return tray.now() + MUTE_SHORT_S
            case Act.PAUSE_LONG | Act.PAUSE_LANGUAGE_LONG | Act.MUTE_LONG:
                return tray.around.until_tomorrow(tray.now())
            case _:
                return None

    def _understood(self, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            message = self._tray.around.say("tray.broker_older", {})
            self._tray.windows.show_text(message.title, message.text, "")

    def _turn_login_start(self, *, on: bool) -> None:
        switch = self._tray.around.login_start
        if switch is None:
            return
        try:
            switch.turn(on=on)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            message = self._tray.around.say("tray.login_start_refused", {"problem": problem})
            self._tray.windows.show_text(message.title, message.text, "")
        self._tray.look_at_login_start()

    def _request_exception(self, argument: str) -> None:
        """`argument` is the rule, the trace id, and the form's address where there is one."""
        rule, trace, form = (*argument.split(" "), "", "")[:3]
        about = {"subject": "exception", "rule": rule, "trace_id": trace}
        self._ask_reason(
            "tray.exception", {"rule": rule}, about | ({"form_url": form} if form else {})
        )

    def _ask_reason(
        self, code: str, facts: Mapping[str, str | float | None], about: Mapping[str, str]
    ) -> None:
        """Ask why, and send the person's own words: they alone, and what they are about."""
        message = self._tray.around.say(code, facts)

        def answered(reason: str) -> None:
            sent = self._tray.link.ask("feedback", {**about, "reason": reason}, self._feedback_told)
            if not sent:
                gone = self._tray.around.say("tray.not_sent", {})
                self._tray.windows.show_text(gone.title, gone.text, "")

        self._tray.windows.ask_reason(message.title, message.text, answered)

    def _feedback_told(self, answer: Mapping[str, Any]) -> None:
        result = section(answer, "result")
        if text(result, "result") == "no_endpoint" and (form := address(result, "form_url")):
            self._browse(form)
            return
        said = section(result, "message")
        fallback = self._tray.around.say("tray.not_sent", {})
        title, told = text(said, "title"), text(said, "text")
        self._tray.windows.show_text(title or fallback.title, told or fallback.text, "")

    def _browse(self, address: str) -> None:
        url = QUrl(address, QUrl.ParsingMode.StrictMode)
        if may_be_opened(url):
            self.open_address(url)

    def _open_file(self, path: str) -> None:
        """Open a file, or the folder it would lie in."""
        from pathlib import Path

        file = Path(path)
        shown = file if file.is_file() else file.parent
        self.open_address(QUrl.fromLocalFile(str(shown)))


def may_be_opened(url: QUrl) -> bool:
    """Whether an address that came over the wire may be handed to the desktop.

    The desktop would start programs for other schemes; a web page is all it can be asked for.
    """
    if not url.isValid() or url.userInfo() or not url.host():
        return False
    if url.scheme() == "https":
        return True
    return url.scheme() == "http" and (url.host() == "localhost" or _is_loopback(url.host()))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
