"""`Client`: requests to the service from Python.

It needs `pip install "siamese-likeness[client]"` and neither a model nor a gallery. Its methods
return the service's JSON documents as they are; ``/openapi.json`` of the service describes them.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from likeness.errors import LikenessError, require_extra

Document = dict[str, Any]
"""A JSON object, as the service sends it."""


class ServiceError(LikenessError):
    """The service refused or failed.

    Args:
        problem: its details (RFC 9457).
        retry_after: seconds after which to retry; None if the service did not say.
    """

    def __init__(self, problem: Document, *, retry_after: float | None = None) -> None:
        super().__init__(f"{problem.get('title')}: {problem.get('detail')}")
        self.status = int(problem.get("status", 0))
        self.code = str(problem.get("code", ""))
        self.request_id = str(problem.get("instance", ""))
        self.retry_after = retry_after


class Client:
    """Sends requests to one service.

    Args:
        address: such as "https://door.example".
        key: made with `likeness keys add`; None for a service without keys.
        seconds: that a response may take.
        transport: of httpx, instead of the network.

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
        """Return the name of the key, its role, and what that role may do."""
        return self._request("GET", "/api/v1/session")

    def ready(self) -> Document:
        """Return how many people are enrolled, and with which model.

        Raises:
            ServiceError: the service is not ready.
        """
        return self._request("GET", "/health/ready")

    def model(self) -> Document:
        """Return the model in use: its card, its threshold and what that promises."""
        return self._request("GET", "/api/v1/model")

    def people(self, *, search: str | None = None, page: int = 100) -> Iterator[Document]:
        """Iterate over people in the order of their names.

        Args:
            search: a part of the name.
            page: how many people one request returns, 1…1000.
        """
        after: str | None = None
        while True:
            document = self._request(
                "GET", "/api/v1/people", params=_given(search=search, after=after, limit=page)
            )
            yield from document["people"]
            after = document["next"]
            if after is None:
                return

    def person(self, number: int) -> Document:
        """Return a person with each of their photos."""
        return self._request("GET", f"/api/v1/people/{number:d}")

    def photos(self, number: int) -> list[Document]:
        """Return the photos of a person."""
        photos: list[Document] = self._request("GET", f"/api/v1/people/{number:d}/photos")["photos"]
        return photos

    def add_person(self, name: str, *, metadata: Mapping[str, object] | None = None) -> Document:
        """Create a person, with no photo yet."""
        body = {"name": name, "metadata": dict(metadata or {})}
        return self._request("POST", "/api/v1/people", json=body)

    def change_person(
        self, number: int, *, name: str | None = None, metadata: Mapping[str, object] | None = None
    ) -> Document:
        """Rename a person, replace their metadata, or both."""
        body = _given(name=name, metadata=None if metadata is None else dict(metadata))
        return self._request("PATCH", f"/api/v1/people/{number:d}", json=body)

    def merge(self, number: int, *, into: int) -> Document:
        """Move all photos of a person to another."""
        return self._request("POST", f"/api/v1/people/{number:d}/merge", json={"into": into})

    def forget(self, number: int, *, request_id: str | None = None) -> Document:
        """Delete a person; return the receipt.

        Args:
            number: the person's.
            request_id: to ask for the receipt again by, if no response arrives: letters, digits,
                dots, dashes and underscores, 64 at most.
        """
        headers = {} if request_id is None else {"X-Request-Id": request_id}
        return self._request("DELETE", f"/api/v1/people/{number:d}", headers=headers)

    def receipt(self, request_id: str) -> Document:
        """Return the receipt of a deletion once more, by the id of the request for it."""
        return self._request("GET", f"/api/v1/receipts/{request_id}")

    def enrol(self, name: str, photo: bytes, *, keep: bool = False) -> Document:
        """Enrol a new person with one photo."""
        return self._send("/api/v1/enrol", photo, name=name, keep=keep)

    def add_photo(
        self, number: int, photo: bytes, *, keep: bool = False, approved: bool = False
    ) -> Document:
        """Enrol one more photo of a person."""
        path = f"/api/v1/people/{number:d}/photos"
        return self._send(path, photo, keep=keep, approved=approved)

    def remove_photo(self, number: int) -> Document:
        """Delete one photo; return the receipt."""
        return self._request("DELETE", f"/api/v1/photos/{number:d}")

    def identify(self, photo: bytes, *, all_faces: bool = True, top_k: int = 5) -> Document:
        """Return who is in a photo."""
        return self._send("/api/v1/identify", photo, all_faces=all_faces, top_k=top_k)

    def verify(self, number: int, photo: bytes) -> Document:
        """Return whether a photo shows a person."""
        return self._send("/api/v1/verify", photo, person=number)

    def compare(self, left: bytes, right: bytes) -> Document:
        """Return whether two photos show one person."""
        return self._request("POST", "/api/v1/compare", files={"left": left, "right": right})

    def audit(self, *, after: int = 0, page: int = 100) -> Iterator[Document]:
        """Iterate over the audit log, oldest first."""
        last: int | None = after
        while last is not None:
            document = self._request("GET", "/api/v1/audit", params={"after": last, "limit": page})
            yield from document["entries"]
            last = document["next"]

    def close(self) -> None:
        """Close the connections."""
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
        return self._request("POST", path, content=photo, params=_given(**params), headers=headers)

    def _request(self, method: str, path: str, **options: Any) -> Document:
        try:
            answer = self._http.request(method, path, **options)
        except self._unreachable as error:
            raise ServiceError(
                {
                    "title": "Service not reachable",
                    "detail": f"{self._http.base_url}: {error}",
                    "code": "unreachable",
                }
            ) from error
        try:
            document: Document = answer.json()
        except ValueError:
            document = {"title": "Not a response of the service", "detail": "expected JSON."}
            raise ServiceError({**document, "status": answer.status_code}) from None
        if answer.is_success:
            return document
        wait = answer.headers.get("retry-after", "")
        raise ServiceError(document, retry_after=float(wait) if wait.isdecimal() else None)


def _given(**values: Any) -> Document:
    """Return the values that were given; booleans as "true" and "false"."""
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }
