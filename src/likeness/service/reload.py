"""The model's folder is looked at while the service runs: a new threshold is taken, another is not.

What is taken is swapped in between two batches; requests in work end with what they began with.
"""

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

from likeness.errors import LikenessError
from likeness.model.opening import open_model
from likeness.recogniser.gallery import open_gallery, read_key
from likeness.recogniser.photo_reader import photo_reader_for
from likeness.recogniser.recogniser import Recogniser, gallery_model
from likeness.service.logs import LOGGER
from likeness.service.service import Service

Sign = tuple[int, int, int] | None
"""Of a file: when it was written, its size and its number; None if there is none."""


@dataclass(eq=False)
class ModelWatch:
    """Looks at the model's folder, and gives the service what it holds.

    Args:
        service: whose model it is.
        threads: in which the model is read.
        asked: set to have it looked at now, whether it seems another or not (SIGHUP).
    """

    service: Service
    threads: Executor | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look every few seconds, and whenever asked; ends only when cancelled."""
        seconds = self.service.settings.reload_seconds or None
        seen = sign_of(self.service.settings.model)
        while True:
            try:
                await asyncio.wait_for(self.asked.wait(), seconds)
            except TimeoutError:
                found = sign_of(self.service.settings.model)
                if found == seen:
                    continue
            self.asked.clear()
            seen = sign_of(self.service.settings.model)
            await self.look()

    async def look(self) -> None:
        """Read the model and take it, or say why not."""
        loop = asyncio.get_running_loop()
        log = logging.getLogger(LOGGER)
        service = self.service
        try:
            fresh = await loop.run_in_executor(self.threads, read_again, service)
        except LikenessError as error:
            service.model_refused = str(error)
            service.metrics.reloads.labels("refused").inc()
            log.warning("model refused", extra={"fields": {"why": str(error)}})
            return
        service.give(fresh)
        service.model_refused = None
        service.metrics.reloads.labels("taken").inc()
        fields = {"model": fresh.model.fingerprint[:12], "threshold": fresh.model.threshold}
        log.info("model taken", extra={"fields": fields})


def sign_of(folder: Path) -> Sign:
    """Return what tells whether ``model.json``, which is written last, is another."""
    try:
        about = (folder / "model.json").stat()
    except OSError:
        return None
    return (about.st_mtime_ns, about.st_size, about.st_ino)


def read_again(service: Service) -> Recogniser:
    """Return a recogniser of what the model's folder holds now.

    Its gallery is the one in use, unless that was given to the model of the folder meanwhile
    (`likeness re-enrol`); then it is opened again.

    Raises:
        ModelError: there is no model, or it is half written.
        GalleryMismatchError: it is another model than the gallery's.
    """
    settings = service.settings
    model = open_model(settings.model)
    old = service.recogniser
    if model.fingerprint == old.gallery.model.fingerprint:
        gallery = old.gallery
    else:
        key = read_key(settings.key_file)
        gallery = open_gallery(settings.gallery, model=gallery_model(model), key=key)
    reader = photo_reader_for(
        settings.faces, cut=settings.cut_faces, model=model, most_pixels=settings.max_pixels
    )
    return replace(old, model=model, gallery=gallery, reader=reader)
