"""Sealed files: authenticated encryption around a few bytes, and an atomic, private write."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .folders import make_private

KEY_BYTES = 32
FILE_MAX_BYTES = 256 * 1024
"""Far above any set of tokens; a file this large is not ours."""

_MAGIC = b"SIDELIGHT-SEALED"
_VERSION = b"\x01"
_HEADER = _MAGIC + _VERSION
_NONCE_BYTES = 12


class UnsealError(Exception):
    """The bytes are truncated, tampered with, sealed by another key or of another format."""


def new_key() -> bytes:
    return ChaCha20Poly1305.generate_key()


def seal(key: bytes, plain: bytes) -> bytes:
    """`plain` sealed by `key` (RFC 8439): header, nonce, ciphertext with its tag.

    The header is authenticated too, so that a sealed file cannot be passed off as another format.
    A random nonce is safe: one key seals a few thousand files in its life, not 2**32.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _HEADER + nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, _HEADER)


def unseal(key: bytes, sealed: bytes) -> bytes:
    """What was sealed. Raises UnsealError."""
    if not sealed.startswith(_HEADER):
        raise UnsealError("another format")
    start = len(_HEADER) + _NONCE_BYTES
    nonce, ciphertext = sealed[len(_HEADER) : start], sealed[start:]
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, _HEADER)
    except (InvalidTag, ValueError) as error:
        # ValueError: a file cut inside the nonce.
        raise UnsealError("truncated, tampered with or sealed by another key") from error


def read_bounded(path: Path) -> bytes | None:
    """The file's bytes, or None when there is none. Raises OSError, and UnsealError if too large."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(data) > FILE_MAX_BYTES:
        raise UnsealError("too large")
    return data


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` so that a reader, or a crash, sees the old bytes or the new. Raises OSError.

    The file is 0600 from its first moment. Both the data and the folder entry are on the disk
    when this returns: a refresh token that rotated exists nowhere else.
    """
    make_private(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder, and flushes the entry with the file.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems refuse to sync a folder; the rename itself has happened.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
