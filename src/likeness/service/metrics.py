"""What Prometheus is told: requests, batches, answers, people. No name, no number of a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "likeness_requests",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "likeness_request_seconds",
            "Seconds from the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "likeness_batch_photos",
            "Photos that were embedded and searched for together.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.answers = Counter(
            "likeness_answers",
            "Faces by the answer: known, unknown, ambiguous.",
            ("status",),
            registry=self.registry,
        )
        self.waiting = Gauge(
            "likeness_photos_waiting", "Photos in work or waiting.", registry=self.registry
        )
        self.refused = Counter(
            "likeness_photos_refused",
            "Photos that were refused as the queue was full.",
            registry=self.registry,
        )
        self.reloads = Counter(
            "likeness_model_reloads",
            "Times that the model's folder was read again, by outcome.",
            ("outcome",),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)
