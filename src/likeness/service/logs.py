"""Log lines: one JSON object each. Never a person's name, a key or a photo."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from likeness.service.settings import LogFormat

LOGGER = "likeness.service"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, and what a record's ``fields`` hold."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_entries(record), default=str)


class TextLines(logging.Formatter):
    """The same for people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entries = _entries(record)
        head = [entries.pop(name) for name in ("time", "level", "event")]
        return "  ".join([*head, *(f"{name}={value}" for name, value in entries.items())])


def _entries(record: logging.LogRecord) -> dict[str, Any]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    entries: dict[str, Any] = {
        "time": when,
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    entries |= getattr(record, "fields", {})
    if record.exc_info and record.exc_info[0] is not None:
        # Where it went wrong, without the message: that may hold a name.
        entries["error"] = record.exc_info[0].__name__
        entries["where"] = _places(record.exc_info[2])
    return entries


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(trace)]


def set_up_logs(kind: LogFormat) -> None:
    """Send the service's lines and the server's to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else TextLines())
    for name, level in ((LOGGER, logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
