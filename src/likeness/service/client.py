"""`Client`: the service asked from Python, over HTTP.

It needs `pip install "likeness[client]"` and neither a model nor a gallery. What it returns are
the service's JSON documents as they are; ``/openapi.json`` of the service describes them.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from likeness.errors import LikenessError, require_extra

Document = dict[str, Any]


class ServiceError(LikenessError):
    """The service refused, or could not.

    Args:
        problem: what it said (RFC 9457).
        retry_after: seconds after which it may be asked again; None if it did not say.
    """

    def __init__(self, problem: Mapping[str, Any], *, retry_after: float | None = None) -> None:
        super().__init__(f"{problem.get('title')}: {problem.get('detail')}")
        self.status = int(problem.get("status", 0))
        self.code = str(problem.get("code", ""))
        self.request_id = str(problem.get("instance", ""))
        self.retry_after = retry_after


class Client:
    """Asks one service.

    Args:
        address: such as "https://door.example".
        key: made with `likeness keys add`; None for a service without keys.
        seconds: that an answer may take.
        transport: of httpx, in place of the network.

    Raises:
        MissingExtraError: httpx is not installed.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        seconds: float = 30.0,
        transport: Any = None,
    ) -> None:
        httpx = require_extra("httpx", extra="client")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._unreachable = httpx.TransportError
        self._http = httpx.Client(
            base_url=address, headers=headers, timeout=seconds, transport=transport
        )

    def session(self) -> Document:
        """Return whose key it is, and what it may do."""
        return self._ask("GET", "/api/v1/session")

    def ready(self) -> Document:
        """Return how many people are enrolled, and with which model.

        Raises:
            ServiceError: it cannot answer.
        """
        return self._ask("GET", "/health/ready")

    def model(self) -> Document:
        """Return the model that answers: its card, its threshold and what that promises."""
        return self._ask("GET", "/api/v1/model")

    def people(self, *, search: str | None = None, page: int = 100) -> Iterator[Document]:
        """Go through people in the order of their names.

        Args:
            search: letters that the name holds.
            page: people that are asked for at a time, 1…1000.
        """
        after: str | None = None
        while True:
            found = self._ask(
                "GET", "/api/v1/people", params=_given(search=search, after=after, limit=page)
            )
            yield from found["people"]
            after = found["next"]
            if after is None:
                return

    def person(self, number: int) -> Document:
        """Return somebody, and each of their photos."""
        return self._ask("GET", f"/api/v1/people/{number:d}")

    def photos(self, number: int) -> list[Document]:
        """Return the photos of somebody."""
        photos: list[Document] = self._ask("GET", f"/api/v1/people/{number:d}/photos")["photos"]
        return photos

    def add_person(self, name: str, *, metadata: Mapping[str, Any] | None = None) -> Document:
        """Make somebody, with no photo yet."""
        body = {"name": name, "metadata": dict(metadata or {})}
        return self._ask("POST", "/api/v1/people", json=body)

    def change_person(
        self, number: int, *, name: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Document:
        """Give somebody another name, replace what is noted about them, or both."""
        body = _given(name=name, metadata=None if metadata is None else dict(metadata))
        return self._ask("PATCH", f"/api/v1/people/{number:d}", json=body)

    def merge(self, number: int, *, into: int) -> Document:
        """Give all photos of somebody to another person."""
        return self._ask("POST", f"/api/v1/people/{number:d}/merge", json={"into": into})

    def forget(self, number: int) -> Document:
        """Forget somebody; returns the receipt."""
        return self._ask("DELETE", f"/api/v1/people/{number:d}")

    def enrol(self, name: str, photo: bytes, *, keep: bool = False) -> Document:
        """Enrol somebody new with one photo."""
        return self._send("/api/v1/enrol", photo, name=name, keep=keep)

    def add_photo(
        self, number: int, photo: bytes, *, keep: bool = False, approved: bool = False
    ) -> Document:
        """Enrol one more photo of somebody."""
        where = f"/api/v1/people/{number:d}/photos"
        return self._send(where, photo, keep=keep, approved=approved)

    def remove_photo(self, number: int) -> Document:
        """Forget one photo; returns the receipt."""
        return self._ask("DELETE", f"/api/v1/photos/{number:d}")

    def identify(self, photo: bytes, *, all_faces: bool = True, top_k: int = 5) -> Document:
        """Return who is in a photo."""
        return self._send("/api/v1/identify", photo, all_faces=all_faces, top_k=top_k)

    def verify(self, number: int, photo: bytes) -> Document:
        """Return whether a photo shows a person."""
        return self._send("/api/v1/verify", photo, person=number)

    def compare(self, left: bytes, right: bytes) -> Document:
        """Return whether two photos show one person."""
        return self._ask("POST", "/api/v1/compare", files={"left": left, "right": right})

    def audit(self, *, after: int = 0, page: int = 100) -> Iterator[Document]:
        """Go through the audit log, oldest first."""
        last: int | None = after
        while last is not None:
            found = self._ask("GET", "/api/v1/audit", params={"after": last, "limit": page})
            yield from found["entries"]
            last = found["next"]

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, path: str, photo: bytes, **params: Any) -> Document:
        headers = {"Content-Type": "application/octet-stream"}
        return self._ask("POST", path, content=photo, params=_given(**params), headers=headers)

    def _ask(self, method: str, path: str, **options: Any) -> Document:
        try:
            answer = self._http.request(method, path, **options)
        except self._unreachable as error:
            raise ServiceError(
                {
                    "title": "The service cannot be reached",
                    "detail": f"{self._http.base_url}: {error}",
                    "code": "unreachable",
                }
            ) from error
        try:
            document: Document = answer.json()
        except ValueError:
            document = {"title": "The answer is not the service's", "detail": "expected JSON."}
            raise ServiceError({**document, "status": answer.status_code}) from None
        if answer.is_success:
            return document
        wait = answer.headers.get("retry-after", "")
        raise ServiceError(document, retry_after=float(wait) if wait.isdecimal() else None)


def _given(**values: Any) -> dict[str, Any]:
    """Return what was given; truth values as words, as an address holds them."""
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }
