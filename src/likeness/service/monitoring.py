"""Monitoring: log lines and Prometheus metrics. Never a person's name, a key or a photo."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from likeness.service.settings import LogFormat

LOGGER = "likeness.service"

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class LogLines(logging.Formatter):
    """One line a record: time, level, event, and the entries of its ``fields``.

    Args:
        kind: "json" for one object a line, "text" for people at a terminal.
    """

    def __init__(self, kind: LogFormat) -> None:
        super().__init__()
        self.kind = kind

    def to_standard_error(self) -> None:
        """Send the lines of the service and of the server there."""
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(self)
        for name, level in ((LOGGER, logging.INFO), ("uvicorn.error", logging.WARNING)):
            logger = logging.getLogger(name)
            logger.handlers = [handler]
            logger.setLevel(level)
            logger.propagate = False

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entries = _entries(record)
        if self.kind == "json":
            return json.dumps(entries, default=str)
        head = [str(entries.pop(name)) for name in ("time", "level", "event")]
        return "  ".join([*head, *(f"{name}={value}" for name, value in entries.items())])


def _entries(record: logging.LogRecord) -> dict[str, object]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    entries: dict[str, object] = {
        "time": when,
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    entries |= getattr(record, "fields", {})
    if record.exc_info and record.exc_info[0] is not None:
        # The error's kind and its lines of code, without its message: that may hold a name.
        entries["error"] = record.exc_info[0].__name__
        frames = traceback.extract_tb(record.exc_info[2])
        entries["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return entries


class Metrics:
    """The metrics of one service, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "likeness_requests",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "likeness_request_seconds",
            "Seconds from the first byte of a request to the last byte of its response.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.batches = Histogram(
            "likeness_batch_photos",
            "Photos that were embedded and searched for together.",
            buckets=_SIZES,
            registry=registry,
        )
        self.answers = Counter(
            "likeness_answers",
            "Faces by the answer: known, unknown, ambiguous.",
            ("status",),
            registry=registry,
        )
        self.in_progress = Gauge(
            "likeness_requests_in_progress", "Requests in progress.", registry=registry
        )
        self.waiting = Gauge(
            "likeness_photos_waiting", "Photos in progress or waiting.", registry=registry
        )
        self.refused = Counter(
            "likeness_photos_refused",
            "Photos that were refused because the queue was full.",
            registry=registry,
        )
        self.reloads = Counter(
            "likeness_model_reloads",
            "Times that the model's folder was read again, by outcome.",
            ("outcome",),
            registry=registry,
        )

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
