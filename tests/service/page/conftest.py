"""A real browser in front of a real service, and drawn people who come by."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing.film import cut_out
from browsing.visit import Visit

from likeness.datasets import Dataset, drawn_faces
from likeness.evaluation.threshold_choice import Purpose
from likeness.experiments.calibrated import calibrate_model
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model


def missing(what: str) -> None:
    """Skip where somebody tries things out; fail where everything must have been run."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set: nothing may be left out")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        missing("needs Playwright: pip install playwright axe-playwright-python")
    found = shutil.which("chromium")
    if found is None:
        missing("needs a browser: apt-get install chromium")
    return str(found)


@pytest.fixture(scope="module")
def playwright(chromium: str) -> Iterator[Any]:
    """Playwright, which has an event loop running until its end: other files want their own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def visiting(playwright: Any, chromium: str) -> Iterator[Callable[..., Any]]:
    """Return a context manager that opens a page in front of a film, and gives a `Visit`.

    Each visit has cookies, storage and permissions of its own; visits to one film share a browser.
    """
    browsers: dict[Path, Any] = {}

    def browser_before(camera: Path) -> Any:
        if camera not in browsers:
            browsers[camera] = playwright.chromium.launch(
                executable_path=chromium,
                args=[
                    "--no-sandbox",
                    "--use-fake-device-for-media-stream",
                    "--use-fake-ui-for-media-stream",
                    f"--use-file-for-fake-video-capture={camera}",
                    # Whatever asked another host would fail, and be seen.
                    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                ],
            )
        return browsers[camera]

    @contextlib.contextmanager
    def visit(origin: str, camera: Path, *, init: str = "", **options: Any) -> Iterator[Visit]:
        size = {"viewport": {"width": 1280, "height": 800}, "accept_downloads": True}
        context = browser_before(camera).new_context(**{**size, **options})
        try:
            if init:
                context.add_init_script(init)
            visited = Visit(context.new_page(), origin)
            yield visited
            visited.page.goto("about:blank")  # what is under way ends before the page
        finally:
            context.close()

    yield visit
    for browser in browsers.values():
        browser.close()


@pytest.fixture(scope="session")
def drawn() -> Dataset:
    """Fourteen drawn people, four photos each: ten of them calibrate, the first four come by."""
    return drawn_faces(identities=14, photos_each=4, size=(224, 184), seed=3)


@pytest.fixture(scope="session")
def drawn_model(
    drawn: Dataset, small_onnx: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A small encoder with random weights, calibrated: enough for the mechanics."""
    pytest.importorskip("cv2")
    place = tmp_path_factory.mktemp("model")
    (place / "small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 32), size=16))
    preparation = FixedPreparation(rows=32, columns=32, colours="grey")
    folder = place / "drawn"
    import_model(place / "small.onnx", folder, preparation=preparation, licence="MIT")
    others = cut_out(drawn.of(drawn.distinct[4:]))
    purpose = Purpose(people=3, strangers_accepted=0.3)
    found = calibrate_model(open_model(folder), others, purpose)
    SavedModel.read(folder).store_calibration(
        threshold=found.choice.threshold, calibration=found.to_json()
    )
    return folder


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: for people to look at, never into the repository."""
    return tmp_path_factory.mktemp("screenshots")
