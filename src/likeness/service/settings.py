"""`Settings`: all settings of the service in one frozen object.

A TOML file overrides the defaults, the environment (``LIKENESS_PORT=8001``) overrides the file, and
the options of the command override both.
"""

import ipaddress
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from likeness.arrays import check_in_range
from likeness.errors import SettingError

_PREFIX = "LIKENESS_"
LogFormat = Literal["json", "text"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the service.

    Args:
        model: folder of the model.
        gallery: a path, or ``postgresql+psycopg://USER@HOST/DATABASE``.
        key_file: holds the key of an encrypted gallery; None takes it from LIKENESS_GALLERY_KEY.
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        tls_certificate, tls_key: PEM files; with them the service speaks HTTPS only.
        faces: the face detector: "none", "haar", or an ONNX file.
        cut_faces: whether the model is given the face alone.
        no_keys: whether everybody may do everything; only on an address of this machine.
        keys_seconds: between readings of the keys: how long a revoked key may still work.
        max_bytes: of a photo; a larger one is refused with 413.
        max_pixels: of a photo.
        queue: most photos in progress or waiting; one more is refused with 503.
        batch: most photos that are embedded and searched for together.
        threads: that decode photos.
        key_requests: most requests of one key at a time; one more gets 429.
        header_seconds: that the head of a request may take; then the connection is closed.
        body_seconds: that the body of a request may take; a slower one is refused with 408.
        time_limit: seconds that a request may take; a longer one ends with 504.
        ready_seconds: that a try of what a request needs may take; then the service is not ready.
        stop_seconds: that requests in progress have left when the service is stopped.
        rate_limit: requests of one key, as "100/second" or "5000/minute"; one more gets 429. "0"
            means no limit.
        wrong_keys_limit: requests with wrong keys of one address.
        reload_seconds: between checks of the model's folder; 0 checks only on SIGHUP.
        cors_origins: origins whose pages may send requests, as "https://door.example".
        log: "json" or "text", on standard error.

    Raises:
        SettingError: a value is out of its range.
    """

    model: Path = Path("model")
    gallery: str = "people.db"
    key_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    faces: str = "none"
    cut_faces: bool = False
    no_keys: bool = False
    keys_seconds: float = 1.0
    max_bytes: int = 16 * 2**20
    max_pixels: int = 16_000_000
    queue: int = 64
    batch: int = 16
    threads: int = 2
    key_requests: int = 64
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    time_limit: float = 30.0
    ready_seconds: float = 2.0
    stop_seconds: float = 15.0
    rate_limit: str = "1000/second"
    wrong_keys_limit: str = "60/minute"
    reload_seconds: float = 2.0
    cors_origins: tuple[str, ...] = ()
    log: LogFormat = "json"

    def __post_init__(self) -> None:
        for name, low, high, whole in _RANGES:
            check_in_range(getattr(self, name), low, high, argument=name, whole=whole)
        if self.log not in get_args(LogFormat):
            raise SettingError(f"log: expected json or text. Received: {self.log!r}.")
        if (self.tls_certificate is None) is not (self.tls_key is None):
            raise SettingError(
                "tls_certificate, tls_key: expected both files or none. Received: one of them."
            )
        if self.no_keys and not self.is_local:
            raise SettingError(
                "no_keys: expected keys where other machines can connect, or an address of this "
                f"machine such as 127.0.0.1. Received: the host {self.host!r} without keys."
            )
        if "*" in self.cors_origins:
            raise SettingError(
                "cors_origins: expected the origins one by one. Received: '*', which is every page "
                "on the web."
            )
        for name in ("rate_limit", "wrong_keys_limit"):
            rate_of(getattr(self, name), argument=name)

    @classmethod
    def read(
        cls,
        *,
        file: Path | None = None,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Self:
        """Return the settings of a file, the environment and options; each overrides the former.

        Args:
            file: TOML, with the names of `Settings`.
            environment: variables ``LIKENESS_`` + a name in capitals count; others are ignored.
            options: by their names; None was not given.

        Raises:
            SettingError: the file cannot be read, or a value is not what is expected.

        >>> Settings.read(environment={"LIKENESS_PORT": "8001"}, options={"host": "::1"}).port
        8001
        """
        kinds = {**get_type_hints(cls), "log": str}
        values: dict[str, object] = {}
        for name, value in ({} if file is None else _from_file(file, kinds)).items():
            values[name] = _converted(value, kinds[name], argument=f"{file}: {name}")
        for name, text in (environment or {}).items():
            setting = name.removeprefix(_PREFIX).lower()
            if name.startswith(_PREFIX) and setting in kinds and text != "":
                values[setting] = _converted(text, kinds[setting], argument=name, is_text=True)
        values |= {name: value for name, value in (options or {}).items() if value is not None}
        return cls(**values)  # type: ignore[arg-type]

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


_RANGES = (
    ("port", 0, 65535, True),
    ("keys_seconds", 0, 3600, False),
    ("max_bytes", 1024, 128 * 2**20, True),
    ("max_pixels", 1024, 40_000_000, True),
    ("queue", 1, 10_000, True),
    ("batch", 1, 256, True),
    ("threads", 1, 256, True),
    ("key_requests", 1, 10_000, True),
    ("header_seconds", 0.01, 3600, False),
    ("body_seconds", 0.01, 3600, False),
    ("time_limit", 0.01, 3600, False),
    ("ready_seconds", 0.01, 3600, False),
    ("stop_seconds", 0, 3600, False),
    ("reload_seconds", 0, 3600, False),
)


def _from_file(file: Path, known: Collection[str]) -> Mapping[str, object]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingError(f"--settings: expected a TOML file. {file}: {reason}.") from error
    if unknown := sorted(set(document) - set(known)):
        raise SettingError(
            f"{file}: expected settings among {', '.join(known)}. Received: {', '.join(unknown)}."
        )
    return document


def _converted(value: object, kind: Any, *, argument: str, is_text: bool = False) -> object:
    """Return a value of a TOML file, or a variable's text, as a setting of that kind."""
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    try:
        if not is_text:
            return adapter.validate_json(json.dumps(value), strict=True)
        if kind == tuple[str, ...]:
            return tuple(part.strip() for part in str(value).split(",") if part.strip())
        return adapter.validate_strings(str(value).strip())
    except (ValidationError, TypeError):
        words = _WORDS.get(kind, "text")
        raise SettingError(f"{argument}: expected {words}. Received: {value!r}.") from None


_WORDS: Mapping[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: "a list of texts",
}

_PERIODS = {"second": 1, "minute": 60, "hour": 3600}


def rate_of(text: str, *, argument: str = "rate") -> tuple[int, int] | None:
    """Return requests and seconds of a rate such as "100/second"; None for "0", no limit.

    >>> rate_of("5000/minute")
    (5000, 60)
    """
    if text.strip() == "0":
        return None
    count, _, period = text.partition("/")
    if not count.strip().isdecimal() or int(count) < 1 or period.strip() not in _PERIODS:
        raise SettingError(
            f"{argument}: expected a rate such as 100/second, 5000/minute, or 0 for none. "
            f"Received: {text!r}."
        )
    return int(count), _PERIODS[period.strip()]
