"""`run`: the service from its start to its end; its connections; a changed model meanwhile."""

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

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
from likeness.service.monitoring import LOGGER, LogLines
from likeness.service.problems import MEDIA_TYPE, Problem
from likeness.service.service import Service
from likeness.service.settings import Settings

Say = Callable[[str], object]

_HEAD_BYTES = 64 * 1024
"""Most bytes of the head of a request: beyond it parsing takes ever more time."""

_STOP_MARGIN = 2.0
"""Seconds, beyond those of requests in progress, that threads and gallery have to end."""

_MOST_PAUSE = 60.0
"""Seconds between tries of a model that was refused."""


def open_recogniser(settings: Settings) -> Recogniser:
    """Open the model and its gallery, which is created if it does not exist.

    Raises:
        ModelError: there is no model, or it has no ONNX part: the service never loads Keras.
        GalleryError: the gallery cannot be opened, belongs to another model, or holds photos that
            were read with other capture settings.
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
    try:
        reader = reader.following(gallery.capture())
        opened = Recogniser(model=model, gallery=gallery, reader=reader)
        opened.check_capture()  # at the start, instead of at every photo
    except LikenessError:
        gallery.close()
        raise
    return opened


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
        """Check every few seconds and when requested; ends only when cancelled.

        A model that was refused is tried again, more and more rarely: what kept it from being
        read (a permission, a gallery of the old model) need not change the folder.
        """
        seconds = self._service.settings.reload_seconds or None
        clock, known = asyncio.get_running_loop().time, self._state()
        tried, pause = clock(), 0.0
        while True:
            try:
                await asyncio.wait_for(self.requested.wait(), seconds)
            except TimeoutError:
                again = self._service.model_refused is not None and clock() >= tried + pause
                if self._state() == known and not again:
                    continue
            self.requested.clear()
            known = self._state()
            await self.reload()
            refused = self._service.model_refused is not None
            tried, pause = clock(), min(2 * pause + (seconds or 0), _MOST_PAUSE) if refused else 0.0

    async def reload(self) -> None:
        """Read the model and use it, or say why not."""
        service = self._service
        log = logging.getLogger(LOGGER)
        try:
            fresh = await service.read(lambda gallery: _reloaded(service))
        except Exception as error:  # whatever it is, the old model goes on, and so does this watch
            known = isinstance(error, LikenessError)
            title = Problem.of(error).title if known else "The model's folder cannot be read"
            service.model_refused = f"{title}. See the service's log."
            service.metrics.reloads.labels("refused").inc()
            log.warning("model refused", exc_info=not known, extra={"fields": {"why": str(error)}})
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
    reader = _reader_of(settings, model).following(gallery.capture())
    return replace(old, model=model, gallery=gallery, reader=reader)


def run(settings: Settings, *, say: Say) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in progress are answered before it ends.

    Args:
        settings: all of them.
        say: prints a line for the person who starts it.

    Raises:
        LikenessError: it cannot start; see `open_recogniser`.
    """
    _take_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), settings)  # before anything is made
    listening = _listening(settings)
    try:
        recogniser = open_recogniser(settings)
        LogLines(settings.log).to_standard_error()
        service = Service(recogniser, settings)
        service.warm_up()
        _say_keys(settings, recogniser.gallery, say)
        if recogniser.reader.finder is None:
            say(
                "No face detector: every photo counts as one face. For cameras add --faces haar "
                "--cut-faces."
            )
        asyncio.run(_serve(service, settings, listening, say))
    finally:
        listening.close()


def _take_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    """Have connections made from now on get the certificate that the files hold.

    Raises:
        SettingError: they hold none, or the key is not its key.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return

    def password() -> str:  # nobody is there to be asked for it
        raise ValueError("the key is encrypted with a password")

    try:
        context.load_cert_chain(certificate, key, password)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingError(
            "tls_certificate, tls_key: expected PEM files of a certificate and of its private "
            f"key. Received: {certificate} and {key}: {reason or error}."
        ) from error


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


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Closes a connection whose next request has no end of its head, in bytes or in time.

    Args:
        header_seconds: that a head may take, from its first byte or the connection's start.
        options: of uvicorn.
    """

    def __init__(self, *, header_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._header_seconds = header_seconds
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes: of a head, or of the body of the request in progress."""
        before = self.cycle
        if before is not None and before.more_body:  # of its body
            super().data_received(data)
            return
        if self._timer is None:
            self._start_timer()
        self._head_bytes += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()
        elif self._head_bytes > _HEAD_BYTES:
            self._refuse(431, "head-too-large", f"at most {_HEAD_BYTES:,} bytes of headers")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._header_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        self._head_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._refuse(408, "slow-head", f"all headers within {self._header_seconds:g} seconds")

    def _refuse(self, status: int, code: str, expected: str) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = Problem(status, code, "Head refused", f"expected {expected}.").body("")
            head = (
                f"HTTP/1.1 {status} Head refused\r\nContent-Type: {MEDIA_TYPE}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """Ends with exit code 0 after SIGTERM, not with that of a killed program."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the handlers of `_serve`."""
        yield


async def _serve(service: Service, settings: Settings, listening: socket.socket, say: Say) -> None:
    watch = ModelWatch(service)
    app = make_app(service, settings, background=watch.run)
    config = uvicorn.Config(
        app,
        http=partial(Connection, header_seconds=settings.header_seconds),  # type: ignore[arg-type]
        access_log=False,
        log_config=None,
        server_header=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
        lifespan="on",
    )
    config.load()
    server = _Server(config)

    def renew() -> None:
        watch.requested.set()
        if config.ssl is not None:
            renew_certificate(config.ssl, settings)

    def stop(number: int) -> None:
        server.handle_exit(number, None)
        # A thread that waits for a silent database would keep the process for ever.
        end = threading.Timer(settings.stop_seconds + _STOP_MARGIN, _end)
        end.daemon = True
        end.start()

    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, AttributeError):  # no such signal on Windows
        loop.add_signal_handler(signal.SIGHUP, renew)
    host, port = listening.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    shown = f"[{host}]" if ":" in host else host
    if not settings.is_local and settings.tls_certificate is None:
        say("Keys and photos are sent unencrypted: use --tls-certificate, or a proxy that does.")
    say(f"Serving on {scheme}://{shown}:{port} (Ctrl-C ends it).")
    logging.getLogger(LOGGER).info("started", extra={"fields": {"port": port}})
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop, number)
    await server.serve(sockets=[listening])
    logging.getLogger(LOGGER).info("stopped")


def renew_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    """Have connections made from now on get the certificate that the files hold now (SIGHUP).

    Files that do not fit are named in the log, and the old certificate stays.
    """
    log = logging.getLogger(LOGGER)
    try:
        _take_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), settings)  # tried apart
        _take_certificate(context, settings)
    except SettingError as error:
        log.warning("certificate refused", extra={"fields": {"why": str(error)}})
        return
    log.info("certificate taken")


def _end() -> None:
    logging.getLogger(LOGGER).error("ended with work that did not end by itself")
    logging.shutdown()
    os._exit(1)
