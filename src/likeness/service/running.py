"""`run`: the service from its start to its end, and `ModelWatch`: a changed model meanwhile."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import uvicorn

from likeness.errors import LikenessError, ModelError, SettingError
from likeness.model.opening import chosen_runtime, open_model
from likeness.model.protocol import Model
from likeness.recogniser.gallery import (
    Gallery,
    GalleryKey,
    GalleryModel,
    create_gallery,
    open_gallery,
)
from likeness.recogniser.photo_reader import PhotoReader
from likeness.recogniser.recogniser import Recogniser
from likeness.service.app import make_app
from likeness.service.monitoring import LOGGER, set_up_logs
from likeness.service.service import Service
from likeness.service.settings import Settings

Say = Callable[[str], object]


def open_recogniser(settings: Settings) -> Recogniser:
    """Open the model and its gallery, which is created if it does not exist.

    Raises:
        ModelError: there is no model, or it has no ONNX part: the service never loads Keras.
        GalleryError: the gallery cannot be opened, or belongs to another model.
        SettingError: a setting is out of its range.
    """
    if chosen_runtime(settings.model) != "onnx":
        raise ModelError(
            f"{settings.model}: expected a model with an ONNX part. Make one with "
            f"`likeness export {settings.model}`."
        )
    model = open_model(settings.model)
    reader = _reader_of(settings, model)  # before a gallery is made
    key = GalleryKey.read(settings.key_file)
    gallery = create_gallery(settings.gallery, GalleryModel.of(model), key=key)
    return Recogniser(model=model, gallery=gallery, reader=reader)


def _reader_of(settings: Settings, model: Model) -> PhotoReader:
    return PhotoReader.for_model(
        model, faces=settings.faces, cut=settings.cut_faces, most_pixels=settings.max_pixels
    )


class ModelWatch:
    """Watches the model's folder, and gives the service the model that it holds.

    A new threshold is used from the next batch on; a model other than the gallery's is refused.

    Args:
        service: whose model it is.
    """

    def __init__(self, service: Service) -> None:
        self.requested = asyncio.Event()
        """Set it to read the folder now, whether it has changed or not (SIGHUP)."""
        self._service = service

    async def run(self) -> None:
        """Check every few seconds and when requested; ends only when cancelled."""
        seconds = self._service.settings.reload_seconds or None
        known = self._state()
        while True:
            try:
                await asyncio.wait_for(self.requested.wait(), seconds)
            except TimeoutError:
                if self._state() == known:
                    continue
            self.requested.clear()
            known = self._state()
            await self.reload()

    async def reload(self) -> None:
        """Read the model and use it, or say why not."""
        service = self._service
        log = logging.getLogger(LOGGER)
        try:
            fresh = await service.read(lambda gallery: _reloaded(service))
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

    def _state(self) -> tuple[int, int, int] | None:
        """Return time, size and inode of ``model.json``, which is written last."""
        try:
            about = (self._service.settings.model / "model.json").stat()
        except OSError:
            return None
        return (about.st_mtime_ns, about.st_size, about.st_ino)


def _reloaded(service: Service) -> Recogniser:
    """Return a recogniser with the model that the folder holds now.

    Its gallery is the one in use, unless `likeness re-enrol` has given that to the new model
    meanwhile; then it is opened again.

    Raises:
        ModelError: there is no model, or it is half written.
        GalleryMismatchError: the gallery belongs to another model.
    """
    settings, old = service.settings, service.recogniser
    model = open_model(settings.model)
    gallery = old.gallery
    if model.fingerprint != gallery.model.fingerprint:
        key = GalleryKey.read(settings.key_file)
        gallery = open_gallery(settings.gallery, model=GalleryModel.of(model), key=key)
    return replace(old, model=model, gallery=gallery, reader=_reader_of(settings, model))


def run(settings: Settings, *, say: Say) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in progress are answered before it ends.

    Args:
        settings: all of them.
        say: prints a line for the person who starts it.

    Raises:
        LikenessError: it cannot start; see `open_recogniser`.
    """
    for file in (settings.tls_certificate, settings.tls_key):
        if file is not None and not file.is_file():
            raise SettingError(f"tls: expected a PEM file. There is no {file}.")
    listening = _listening(settings)
    try:
        recogniser = open_recogniser(settings)
        set_up_logs(settings.log)
        service = Service(recogniser, settings)
        service.warm_up()
        _say_keys(settings, recogniser.gallery, say)
        asyncio.run(_serve(service, settings, listening, say))
    finally:
        listening.close()


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingError(
            f"host, port: expected a free address. {settings.host}:{settings.port}: "
            f"{error.strerror or error}. Choose another with --port."
        ) from error
    return listening


def _say_keys(settings: Settings, gallery: Gallery, say: Say) -> None:
    if settings.no_keys:
        say("NO KEYS: everybody who reaches this address may enrol and delete people.")
        return
    first = gallery.api_keys.add_first()
    if first is not None:
        say(f"The admin key, shown this once: {first[1]}")
        say("Make others with `likeness keys add`; revoke this one with `likeness keys revoke 1`.")


class _Server(uvicorn.Server):
    """Ends with exit code 0 after SIGTERM, not with that of a killed program."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the handlers of `_serve`."""
        yield


async def _serve(service: Service, settings: Settings, listening: socket.socket, say: Say) -> None:
    watch = ModelWatch(service)
    app = make_app(service, settings, background=watch.run)
    server = _Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
            lifespan="on",
        )
    )
    with suppress(NotImplementedError, AttributeError):  # no such signal on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, watch.requested.set)
    host, port = listening.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    shown = f"[{host}]" if ":" in host else host
    if not settings.is_local and settings.tls_certificate is None:
        say("Keys and photos are sent unencrypted: use --tls-certificate, or a proxy that does.")
    say(f"Serving on {scheme}://{shown}:{port} (Ctrl-C ends it).")
    logging.getLogger(LOGGER).info("started", extra={"fields": {"port": port}})
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    await server.serve(sockets=[listening])
    logging.getLogger(LOGGER).info("stopped")
