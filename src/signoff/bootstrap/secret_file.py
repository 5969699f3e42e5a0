"""Secrets that a ledger's directory keeps, made on first use."""

from __future__ import annotations

import os
from pathlib import Path

from signoff.errors import SignoffError
from signoff.settings import Settings

SIGNING_KEY_FILE = "signing-key"
CALLBACK_KEY_FILE = "callback-key"


def secret_file(path: Path) -> bytes:
    """32 random bytes, made once and readable by their owner only. Whoever comes second reads what the first wrote."""
    import secrets

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32).hex().encode() + b"\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise SignoffError(f"{path} is damaged: it should hold 64 hex digits.", code="damaged-secret")
    return secret


def callback_secret(settings: Settings) -> bytes:
    """What signs callbacks: the one configured, else one made for this directory."""
    if settings.callbacks_secret is not None:
        return settings.callbacks_secret.encode()
    return secret_file(settings.dir / CALLBACK_KEY_FILE)
