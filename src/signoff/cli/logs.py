"""Logs of the processes that stay: text on a terminal, JSON lines elsewhere; always on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from signoff.cli.terminal import sanitise


def set_up_logging(log_format: str, *, level: int = logging.INFO) -> None:
    is_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler = _Stderr()
    handler.setFormatter(_Text() if is_text else _JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("signoff").setLevel(level)
    # The engine prints in a form of its own, unless somebody seems to listen to it.
    logging.getLogger("dbos").addHandler(logging.NullHandler())


class _Stderr(logging.Handler):
    """Standard error as it is at the moment: a live view at a terminal puts itself before it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        text = f"{at} {record.levelname.lower():7} {record.name}: {sanitise(record.getMessage())}"
        return text if record.exc_info is None else f"{text}\n{self.formatException(record.exc_info)}"


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
