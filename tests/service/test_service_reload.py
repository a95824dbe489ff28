"""A model that changes while the service runs: taken if it is the gallery's, else refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model
from likeness.recogniser import re_enrol
from likeness.recogniser.gallery import open_gallery
from likeness.service.running import ModelWatch

from .conftest import Asking, Serving


def another_model(small_onnx: Callable[..., bytes], folder: Path) -> None:
    """Put another model into the folder."""
    file = folder.parent / "other.onnx"
    file.write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16, seed=5))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(file, folder, preparation=preparation, licence="MIT", overwrite=True)
    SavedModel.read(folder).store_calibration(threshold=0.5, calibration={})


async def ready(asking: Asking) -> dict:
    document: dict = (await asking.ask("GET", "/health/ready", role=None)).json()
    return document


def test_another_threshold_is_taken(serving: Serving, model: Path) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)
        SavedModel.read(model).store_calibration(threshold=0.75, calibration={})
        await ModelWatch(asking.service).reload()
        (face,) = (await asking.post("/identify", asking.photos[0])).json()["faces"]
        assert face["threshold"] == 0.75
        assert (await ready(asking))["model_refused"] is None
        assert 'outcome="taken"} 1.0' in (await asking.ask("GET", "/metrics")).text

    serving(use)


def test_another_model_is_refused_and_the_old_one_answers(
    serving: Serving, model: Path, small_onnx: Callable[..., bytes]
) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)
        another_model(small_onnx, model)
        await ModelWatch(asking.service).reload()
        said = await ready(asking)
        assert said["status"] == "ready"
        assert (
            said["model_refused"] == "The gallery belongs to another model. See the service's log."
        )
        assert (await asking.post("/identify", asking.photos[0])).status_code == 200
        shown = await asking.ask("GET", "/model")
        assert (shown.status_code, shown.json()["code"]) == (503, "model")

    serving(use)


@pytest.mark.parametrize("content", ["", "{", None])
def test_a_folder_that_is_half_written_is_refused(
    serving: Serving, model: Path, content: str | None
) -> None:
    async def use(asking: Asking) -> None:
        whole = (model / "model.json").read_text()
        if content is None:
            (model / "model.json").unlink()
        else:
            (model / "model.json").write_text(content)
        watch = ModelWatch(asking.service)
        await watch.reload()
        assert (await ready(asking))["model_refused"]
        assert (await asking.post("/identify", asking.photos[0])).status_code == 200
        (model / "model.json").write_text(whole)
        await watch.reload()
        assert (await ready(asking))["model_refused"] is None

    serving(use)


def test_a_gallery_that_was_given_to_the_new_model_is_opened_again(
    serving: Serving, model: Path, small_onnx: Callable[..., bytes]
) -> None:
    async def use(asking: Asking) -> None:
        await asking.post("/enrol?name=Ada&keep=true", asking.photos[0])
        another_model(small_onnx, model)
        with open_gallery(asking.service.settings.gallery) as gallery:
            assert re_enrol(gallery, open_model(model)) == 1
        between = await asking.post("/identify", asking.photos[0])
        assert (between.status_code, between.json()["code"]) == (503, "gallery-mismatch")
        await ModelWatch(asking.service).reload()
        (face,) = (await asking.post("/identify", asking.photos[0])).json()["faces"]
        assert (face["name"], face["threshold"]) == ("Ada", 0.5)

    serving(use)


def test_a_change_is_noticed_by_itself_and_a_signal_is_heeded(
    serving: Serving, model: Path
) -> None:
    async def use(asking: Asking) -> None:
        watch = ModelWatch(asking.service)
        task = asyncio.create_task(watch.run())
        await asyncio.sleep(0)  # it notes how the folder is now

        async def until(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(120):
                while not condition():
                    await asyncio.sleep(0.01)

        SavedModel.read(model).store_calibration(threshold=0.6, calibration={})
        await until(lambda: asking.service.recogniser.model.threshold == 0.6)
        first = asking.service.recogniser
        watch.requested.set()
        await until(lambda: asking.service.recogniser is not first)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    serving(use, reload_seconds=0.02)


def nested(folder: Path) -> None:
    (folder / "model.json").write_text("[" * 200_000)


def no_object(folder: Path) -> None:
    (folder / "model.json").write_bytes(b"\xff\xfe\x00")


def a_folder_as_its_part(folder: Path) -> None:
    (folder / "encoder.onnx").unlink()
    (folder / "encoder.onnx").mkdir()
    (folder / "model.json").touch()


@pytest.mark.parametrize("spoil", [nested, no_object, a_folder_as_its_part])
def test_an_unreadable_moment_does_not_end_the_watch(
    serving: Serving, model: Path, spoil: Callable[[Path], None]
) -> None:
    async def use(asking: Asking) -> None:
        task = asyncio.create_task(ModelWatch(asking.service).run())
        await asyncio.sleep(0)

        async def until(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(120):
                while not condition():
                    assert not task.done()
                    await asyncio.sleep(0.01)

        whole = {file.name: file.read_bytes() for file in model.iterdir()}
        spoil(model)
        await until(lambda: asking.service.model_refused is not None)
        said = await ready(asking)
        assert said["status"] == "ready"
        assert str(model) not in said["model_refused"]
        part = model / "encoder.onnx"
        if part.is_dir():
            part.rmdir()
        for name, content in whole.items():
            (model / name).write_bytes(content)
        SavedModel.read(model).store_calibration(threshold=0.001, calibration={})
        await until(lambda: asking.service.recogniser.model.threshold == 0.001)
        assert (await ready(asking))["model_refused"] is None
        task.cancel()

    serving(use, reload_seconds=0.02)


def test_a_refused_model_is_tried_again_though_its_folder_stays(
    serving: Serving, model: Path, small_onnx: Callable[..., bytes]
) -> None:
    async def use(asking: Asking) -> None:
        await asking.post("/enrol?name=Ada&keep=true", asking.photos[0])
        task = asyncio.create_task(ModelWatch(asking.service).run())
        await asyncio.sleep(0)
        another_model(small_onnx, model)
        async with asyncio.timeout(120):
            while asking.service.model_refused is None:
                await asyncio.sleep(0.01)
            with open_gallery(asking.service.settings.gallery) as gallery:
                re_enrol(gallery, open_model(model))
            while asking.service.model_refused is not None:
                await asyncio.sleep(0.01)
        task.cancel()

    serving(use, reload_seconds=0.02)
