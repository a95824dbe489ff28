"""A service on a real model (a small ONNX file) and a real gallery, asked without a network."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from likeness.datasets import Dataset
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.recogniser.gallery import ROLES, Gallery
from likeness.service.app import make_app
from likeness.service.running import open_recogniser
from likeness.service.service import Service
from likeness.service.settings import Settings

THRESHOLD = 0.02


def png(pixels: NDArray[np.uint8]) -> bytes:
    """The bytes of a photo."""
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(file, "PNG")
    return file.getvalue()


@dataclass
class Asking:
    """A service and somebody with a key of each role."""

    service: Service
    app: Any
    client: httpx.AsyncClient
    keys: dict[str, str]
    photos: list[bytes] = field(default_factory=list)

    @property
    def gallery(self) -> Gallery:
        return self.service.gallery

    async def ask(
        self, method: str, path: str, *, role: str | None = "admin", **options: Any
    ) -> httpx.Response:
        """Ask with a role's key; without one for None."""
        headers = {**options.pop("headers", {})}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys[role]}"
        if (
            not path.startswith(("/health", "/metrics", "/openapi", "/page", "/api"))
            and path != "/"
        ):
            path = f"/api/v1{path}"
        return await self.client.request(method, path, headers=headers, **options)

    async def post(
        self, path: str, photo: bytes, *, role: str | None = "admin", **options: Any
    ) -> httpx.Response:
        """Send a photo as the raw body."""
        headers = {"Content-Type": "image/png", **options.pop("headers", {})}
        return await self.ask("POST", path, role=role, content=photo, headers=headers, **options)

    async def enrol(self, name: str, at: int) -> int:
        """Enrol somebody with a photo; returns their id."""
        answer = await self.post("/enrol", self.photos[at], params={"name": name})
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["person"]["id"]
        return number


@pytest.fixture(scope="session")
def photos(faces: Dataset) -> list[bytes]:
    """Photos of eight people, four each, in the order of people: 0…3 are of the first."""
    order = np.argsort(faces.codes, kind="stable")
    return [png(faces.items[at]) for at in order]


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory, small_onnx: Callable[..., bytes]) -> Path:
    """A model's folder, made once."""
    place = tmp_path_factory.mktemp("service")
    (place / "small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(place / "small.onnx", place / "model", preparation=preparation, licence="MIT")
    SavedModel.read(place / "model").store_calibration(threshold=THRESHOLD, calibration={})
    return place / "model"


@pytest.fixture
def model(imported: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may change."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in imported.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def settings(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for a gallery in a file; keys are looked at again each time."""
    monkeypatch.delenv("LIKENESS_GALLERY_KEY", raising=False)
    gallery = str(tmp_path / "people.db")
    return Settings(model=model, gallery=gallery, keys_seconds=0, time_limit=300)


@asynccontextmanager
async def served(settings: Settings, photos: list[bytes]) -> AsyncIterator[Asking]:
    """Serve while inside."""
    service = Service(open_recogniser(settings), settings)
    gallery = service.gallery
    keys = (
        {}
        if settings.no_keys
        else {role: gallery.api_keys.add(f"the {role}", role=role)[1] for role in ROLES}
    )
    app = make_app(service, settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        try:
            yield Asking(service=service, app=app, client=client, keys=keys, photos=photos)
        finally:
            await service.close()


Use = Callable[[Asking], Awaitable[None]]
Serving = Callable[..., None]


@pytest.fixture
def serving(settings: Settings, photos: list[bytes]) -> Iterator[Serving]:
    """Run a coroutine against a service: ``serving(use, queue=1)``."""

    def serve(use: Use, **changes: Any) -> None:
        async def run() -> None:
            async with served(replace(settings, **changes), photos) as asking:
                await use(asking)

        asyncio.run(run())

    yield serve
