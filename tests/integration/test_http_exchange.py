"""What one HTTP exchange asks for, and what it reads once."""

from __future__ import annotations

from pathlib import Path

import pytest
from receivers import receive

from signoff import http_exchange
from signoff.errors import DeliveryError
from signoff.http_exchange import exchange
from signoff.notify.http_post import post


def asked(url: str) -> int:
    with exchange("POST", url, content=b"{}", headers={"content-type": "application/json"}, timeout_s=60) as answer:
        return answer.status_code


def test_certificates_are_read_once_and_a_redirect_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receive(200, 307) as receiver:
        assert asked(receiver.url) == 200
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
        assert asked(receiver.url) == 307
        calls = receiver.await_calls(2)
    assert len(calls) == 2
    # A small answer could unfold to a large one.
    assert {call.headers["accept-encoding"] for call in calls} == {"identity"}


def test_without_certificates_a_notice_has_failed_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    http_exchange._certificates.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    with pytest.raises(DeliveryError, match="no certificates can be read"):
        post("https://127.0.0.1:9/", content=b"{}", headers={})
