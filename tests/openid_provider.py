"""A provider of OpenID Connect on loopback: a real HTTP server with keys of its own, which can be made to lie."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "the-inbox"
#: With what has to be encoded on its way.
CLIENT_SECRET = "s3cret/with+a=and:b"
LIFE_S = 300

METADATA, AUTHORIZE, TOKEN, JWKS, USERINFO = (
    "/.well-known/openid-configuration",
    "/authorize",
    "/token",
    "/jwks",
    "/userinfo",
)


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)


@dataclass
class LocalProvider:
    """Who is signed in there is `person`. `said` goes before the claims of an honest ID token (None leaves a claim
    out), and `answers` (by path: status and body) before honest answers. What asks for a path of `held` waits until
    `go_on`. `asked` counts."""

    clock: Callable[[], int]
    key: RSAKey
    issuer: str = ""
    secret: str | None = CLIENT_SECRET
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "ada"})
    in_userinfo: dict[str, Any] | None = None
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    said: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    has_asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def be_honest(self) -> None:
        self.sign = None
        for lies in (self.said, self.answers, self.metadata, self.held):
            lies.clear()

    def let_in(self, url: str) -> str:
        """As a browser that is signed in there: where it is sent back to, as a path of the inbox."""
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    def answer(self, path: str, query: Mapping[str, str], form: Mapping[str, str], auth: str) -> tuple[int, Any]:
        self.asked.append(path)
        self.has_asked.release()
        if path in self.held:
            self.go_on.wait()
        if path in self.answers:
            return self.answers[path]
        if path == METADATA:
            return 200, {**self._honest_metadata(), **self.metadata}
        if path == JWKS:
            return 200, {"keys": [self.key.as_dict(private=False), {"kty": "PQ", "kid": "of-the-future"}]}
        if path == AUTHORIZE:
            return self._authorize(query)
        if path == TOKEN:
            return self._token(form, auth)
        if path == USERINFO and auth == "Bearer opaque-access-token":
            return 200, {"sub": self.person["sub"], **(self.in_userinfo or {})}
        return 404, {"error": "not_found"}

    def _honest_metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}{AUTHORIZE}?tenant=1",
            "token_endpoint": f"{self.issuer}{TOKEN}",
            "jwks_uri": f"{self.issuer}{JWKS}",
            "userinfo_endpoint": f"{self.issuer}{USERINFO}",
            "token_endpoint_auth_methods_supported": list(self.auth_methods),
            "authorization_response_iss_parameter_supported": True,
        }

    def _authorize(self, query: Mapping[str, str]) -> tuple[int, Any]:
        assert query["tenant"] == "1"
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = {name: query[name] for name in ("redirect_uri", "nonce", "code_challenge")}
        back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return 302, f"{query['redirect_uri']}?{back}"

    def _token(self, form: Mapping[str, str], auth: str) -> tuple[int, Any]:
        if not self._is_client(form, auth):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if begun is None or (begun["code_challenge"], begun["redirect_uri"]) != (challenge, form["redirect_uri"]):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "opaque-access-token",
            "token_type": "Bearer",
            "id_token": self.id_token(begun["nonce"]),
        }

    def _is_client(self, form: Mapping[str, str], auth: str) -> bool:
        if auth:
            given = base64.b64decode(auth.removeprefix("Basic ")).decode().split(":")
            return [unquote(one) for one in given] == [CLIENT_ID, self.secret] and "client_secret" not in form
        return form.get("client_id") == CLIENT_ID and form.get("client_secret") == self.secret

    def id_token(self, nonce: str) -> str:
        now = self.clock() // 1000
        honest = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + LIFE_S, "nonce": nonce}
        said = {**honest, **self.person, **self.said}
        claims = {name: value for name, value in said.items() if value is not None}
        return self.signed(claims) if self.sign is None else self.sign(claims)

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@contextmanager
def local_provider(clock: Callable[[], int], key: RSAKey) -> Iterator[LocalProvider]:
    provider = LocalProvider(clock, key)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(dict(parse_qsl(body, strict_parsing=True)))

        def _answer(self, form: Mapping[str, str]) -> None:
            asked = urlsplit(self.path)
            auth = self.headers.get("authorization", "")
            status, content = provider.answer(asked.path, dict(parse_qsl(asked.query)), form, auth)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # Who has waited in vain is gone.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield provider
        finally:
            provider.go_on.set()
            server.shutdown()
            serving.join()
