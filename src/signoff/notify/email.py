"""Mail by SMTP. The messages about one gate are one thread; the delivery's id is the Message-ID of every try."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from signoff.app.deliver_notice import Notice
from signoff.errors import DeliveryError
from signoff.gates.digest import sha256_hex
from signoff.notify.facts import one_line
from signoff.notify.words import Words

TIMEOUT_S = 10.0
SUBJECT_CHARS_MAX = 200


@dataclass(frozen=True)
class MailServer:
    """`tls` is starttls, implicit or none."""

    host: str
    port: int
    tls: str
    username: str
    password: str


class EmailChannel:
    def __init__(self, words: Words, server: MailServer, *, sender: str) -> None:
        self._words = words
        self._server = server
        self._sender = sender

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        message = self._message(notice, target)
        try:
            with self._connect() as connection:
                connection.send_message(message)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"{self._server.host} answered {error.smtp_code}.") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(str(code) for code, _ in error.recipients.values())
            raise DeliveryError(f"{self._server.host} does not take mail to {target}: {codes}.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"{self._server.host}:{self._server.port} did not take it: {error}.") from error
        return None

    def _message(self, notice: Notice, target: str) -> EmailMessage:
        gate = notice.gate
        domain = self._sender.rpartition("@")[2]
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = target
        message["Subject"] = one_line(self._words.say("email", "subject.txt", notice))[:SUBJECT_CHARS_MAX]
        message["Date"] = format_datetime(datetime.fromtimestamp(notice.at / 1000, UTC))
        message["Message-ID"] = f"<{notice.delivery_id}@{domain}>"
        message["References"] = f"<{sha256_hex(f'{gate.workflow_id}:{gate.gate_key}'.encode())[:32]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._words.say("email", "txt", notice))
        message.add_alternative(self._words.say("email", "html", notice), subtype="html")
        return message

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.tls == "implicit":
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        try:
            if server.tls == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.username:
                connection.login(server.username, server.password)
        except BaseException:
            connection.close()
            raise
        return connection
