"""Which URLs a decision may call: none but those that the operator named, by whatever trick."""

from __future__ import annotations

import pytest

from signoff.app.callback_url import URL_CHARS_MAX, check_callback_url
from signoff.errors import InvalidInputError

ALLOW = ("https://good.com/hooks", "http://good.com:8080", "https://[2001:db8::1]/x/")


@pytest.mark.parametrize(
    "url",
    [
        "https://good.com/hooks",
        "https://good.com/hooks/",
        "https://good.com/hooks/a/b?c=d#e",
        "https://GOOD.com/hooks/a",
        "HTTPS://good.com/hooks/a",
        "http://good.com:8080",
        "http://good.com:8080/anything",
        "https://[2001:db8::1]/x/y",
    ],
)
def test_what_the_operator_named_and_all_below_it_is_allowed(url: str) -> None:
    assert check_callback_url(url, allow=ALLOW, is_open=False) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "good.com/hooks",
        "//good.com/hooks",
        "ftp://good.com/hooks",
        "file:///hooks",
        "javascript:alert(1)",
        "https:///hooks",
        "https:good.com/hooks",
        "https://good.com.evil/hooks",
        "https://evil.com/hooks",
        "https://evilgood.com/hooks",
        "https://sub.good.com/hooks",
        "https://good.com./hooks",
        "https://good.com@evil.com/hooks",
        "https://good.com:443@evil.com/hooks",
        "https://user@good.com/hooks",
        "https://user:pass@good.com/hooks",
        "https://@good.com/hooks",
        "https://good.com%2eevil.com/hooks",
        "https://good.com%00.evil.com/hooks",
        "https://good.com#@evil.com/hooks",
        "https://good.com?@evil.com/hooks",
        "https://good.com\\@evil.com/hooks",
        "https://evil.com\\good.com/hooks",
        "https:\\\\good.com\\hooks",
        "https://good.com:8443/hooks",
        "https://good.com:0/hooks",
        "https://good.com:99999/hooks",
        "https://good.com:x/hooks",
        "http://good.com/hooks",
        "https://good.com",
        "https://good.com/",
        "https://good.com/hooksy",
        "https://good.com/HOOKS",
        "https://good.com//hooks",
        "https://good.com/hooks/../admin",
        "https://good.com/hooks/..",
        "https://good.com/hooks/%2e%2e/admin",
        "https://good.com/hooks/%2E./admin",
        "https://good.com/hooks/..%2fadmin",
        "https://good.com/hooks/..%5cadmin",
        "https://good.com/hooks/..\\admin",
        "https://good.com/hooks/%252e%252e/admin",
        "https://good.com/hooks/..;/admin",
        "https://good.com/hooks\n",
        "https://good.com/hooks a",
        " https://good.com/hooks",
        "https://good.com/\thooks",
        "https://good.com/hooks/\x00",
        "https://good.com/hooks/\u2028",
        "https://good\u3002com/hooks",
        "https://g\u043eod.com/hooks",
        "https://good.com/hooks/" + "a" * URL_CHARS_MAX,
        "https://[2001:db8::2]/x/y",
        "https://[2001:db8::1/x/y",
        "https://2001:db8::1/x/y",
    ],
)
def test_what_only_looks_like_it_is_refused(url: str | None) -> None:
    for is_open in (False, True):
        with pytest.raises(InvalidInputError) as refusal:
            check_callback_url(url, allow=ALLOW, is_open=is_open)
        assert refusal.value.code == "callback-not-allowed"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x", "http://127.0.0.1:9000", "http://127.8.9.1/x", "http://localhost:1/x", "http://[::1]:80/x"],
)
def test_loopback_is_allowed_while_nobody_signs_in_and_not_after(url: str) -> None:
    assert check_callback_url(url, allow=(), is_open=True) == url
    with pytest.raises(InvalidInputError):
        check_callback_url(url, allow=(), is_open=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://0177.0.0.1/x",
        "http://localhost./x",
        "http://localhost.evil.com/x",
        "http://127.0.0.1.evil.com/x",
        "http://0.0.0.0/x",
        "http://[::]/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]evil.com/x",
        "http://127.0.0.1@evil.com/x",
        "http://127.0.0.1\\@evil.com/x",
        "http://\uff11\uff12\uff17.0.0.1/x",
        "http://\u2460\u2461\u2466.0.0.1/x",
    ],
)
def test_what_is_not_written_as_loopback_is_not_taken_for_it(url: str) -> None:
    with pytest.raises(InvalidInputError):
        check_callback_url(url, allow=(), is_open=True)


@pytest.mark.parametrize("allow", ["", "good.com", "https://", "*", "https://user@good.com", "https://good.com:x"])
def test_a_permission_that_is_no_url_permits_nothing(allow: str) -> None:
    with pytest.raises(InvalidInputError):
        check_callback_url("https://good.com/hooks", allow=(allow,), is_open=False)
