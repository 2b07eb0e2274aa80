"""Signing in from the editor: because a person clicked, and the one offer to do so when a session died."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from sidelight_client.api import Broker, Message, SignInPrompt, say, sign_in_failure

from ..wire.messages import MessageType
from ..wire.plain import find
from ..wire.server import RequestRefusedError, SidelightServer
from .client import Client

SIGN_IN = "Sign in"


async def offer_sign_in(
    server: SidelightServer, broker: Broker, client: Client, message: Message, trace_id: str
) -> None:
    """Say once that the session is dead, with one button; a browser opens only when it is clicked."""
    question = {
        "type": MessageType.WARNING,
        "message": f"Sidelight: {message.text} (trace id {trace_id})",
        "actions": [{"title": SIGN_IN}],
    }
    try:
        chosen = await server.request("window/showMessageRequest", question)
    except RequestRefusedError:
        return  # The editor has no such question; its status says the same.
    if find(chosen, "title") == SIGN_IN:
        await sign_in_now(server, broker, client, device=False)


async def sign_in_now(
    server: SidelightServer, broker: Broker, client: Client, *, device: bool
) -> dict[str, Any]:
    """Sign in because a person clicked: this is the only place that opens a browser."""

    def show(prompt: SignInPrompt) -> None:
        if prompt.user_code:
            show_message(server, f"Your code is {prompt.user_code}. Enter it at {prompt.url}")
        if client.show_document:
            server.request("window/showDocument", {"uri": prompt.url, "external": True})
        elif not prompt.user_code:
            show_message(server, f"Open this address to sign in: {prompt.url}")

    progress = asyncio.create_task(_progress(server)) if client.progress else None
    try:
        failed = await broker.sign_in(show, device=device)
    finally:
        if progress is not None:
            progress.cancel()
            await asyncio.wait((progress,))
    if failed is None:
        return {"signedIn": True}
    message = say(*sign_in_failure(failed.code, failed.detail))
    show_message(server, message.text)
    return {"signedIn": False, "code": message.code, "title": message.title, "text": message.text}


async def _progress(server: SidelightServer) -> None:
    """Show a progress until cancelled; only once the editor has agreed to its token."""
    token = f"sidelight-sign-in-{uuid4()}"
    try:
        await server.request("window/workDoneProgress/create", {"token": token})
    except RequestRefusedError:
        return
    begin = {"kind": "begin", "title": "Sidelight: sign in", "message": "Waiting for you"}
    server.notify("$/progress", {"token": token, "value": begin})
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.notify("$/progress", {"token": token, "value": {"kind": "end"}})


def show_message(server: SidelightServer, text: str) -> None:
    """Tell something a person asked for."""
    server.notify("window/showMessage", {"type": MessageType.INFO, "message": text})
