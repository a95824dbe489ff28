"""`run`: the service from its settings to its last answer."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn

from likeness.errors import ModelError, SettingError
from likeness.model.opening import chosen_runtime, open_model
from likeness.recogniser.gallery import Gallery, create_gallery, first_api_key, read_key
from likeness.recogniser.photo_reader import photo_reader_for
from likeness.recogniser.recogniser import Recogniser, gallery_model
from likeness.service.app import make_app
from likeness.service.logs import LOGGER, set_up_logs
from likeness.service.reload import ModelWatch
from likeness.service.service import Service
from likeness.service.settings import Settings

Say = Callable[[str], object]


def open_recogniser(settings: Settings) -> Recogniser:
    """Open the model and its gallery, which is made if it is not there.

    Raises:
        ModelError: there is no model, or it has no ONNX part: the service never loads Keras.
        GalleryError: the gallery cannot be opened, or is another model's.
        SettingError: a setting is out of its range.
    """
    if chosen_runtime(settings.model) != "onnx":
        raise ModelError(
            f"{settings.model}: expected a model with an ONNX part. Make one with "
            f"`likeness export {settings.model}`."
        )
    model = open_model(settings.model)
    reader = photo_reader_for(  # before a gallery is made
        settings.faces, cut=settings.cut_faces, model=model, most_pixels=settings.max_pixels
    )
    key = read_key(settings.key_file)
    gallery = create_gallery(settings.gallery, gallery_model(model), key=key)
    return Recogniser(model=model, gallery=gallery, reader=reader)


def run(settings: Settings, *, say: Say) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in work are answered before it ends.

    Args:
        settings: all of them.
        say: prints a line for the one who starts it.

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
            f"host, port: expected an address that is free. {settings.host}:{settings.port}: "
            f"{error.strerror or error}. Choose another with --port."
        ) from error
    return listening


def _say_keys(settings: Settings, gallery: Gallery, say: Say) -> None:
    if settings.no_keys:
        say("NO KEYS: everybody who reaches this address may enrol and delete people.")
        return
    first = first_api_key(gallery)
    if first is not None:
        say(f"The admin key, shown this once: {first[1]}")
        say("Make others with `likeness keys add`; put this one out of force with `keys revoke 1`.")


class _Server(uvicorn.Server):
    """Ends with the exit code of a program that did its work, and not of one that was killed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to those who asked for them."""
        yield


async def _serve(service: Service, settings: Settings, listening: socket.socket, say: Say) -> None:
    watch = ModelWatch(service, threads=service.reading)
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
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, watch.asked.set)
    host, port = listening.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    shown = f"[{host}]" if ":" in host else host
    if not settings.is_local and settings.tls_certificate is None:
        say("Keys and photos travel in the clear: use --tls-certificate, or a proxy that does.")
    say(f"Serving on {scheme}://{shown}:{port} (Ctrl-C ends it).")
    logging.getLogger(LOGGER).info("started", extra={"fields": {"port": port}})
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    await server.serve(sockets=[listening])
    logging.getLogger(LOGGER).info("stopped")
