"""``likeness serve``: the service and its page."""

import os
from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.terminal import output
from likeness.errors import require_extra


def serve(
    model: Annotated[Path | None, typer.Option(help="Folder of the model.")] = None,
    gallery: Annotated[
        str | None,
        typer.Option(
            help="A path, or postgresql+psycopg://USER@HOST/DATABASE; made if it is not there."
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; else 127.0.0.1, this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Else 8000; 0 takes a free one.")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="TOML file with settings; options go before it.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="File with the gallery's key; else LIKENESS_GALLERY_KEY."),
    ] = None,
    faces: Annotated[
        str | None,
        typer.Option(
            help="What finds faces: none (photos are taken as they are), haar (OpenCV's own), or "
            "an ONNX file for cv2.FaceDetectorYN such as YuNet."
        ),
    ] = None,
    cut_faces: Annotated[
        bool | None,
        typer.Option("--cut-faces", help="Give the model the face alone; as at enrolment."),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="PEM file; speaks HTTPS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM file of its key.")] = None,
    no_keys: Annotated[
        bool | None,
        typer.Option("--no-keys", help="Everybody may do everything; on this machine only."),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            "--rate-limit",
            help="Of one key, such as 100/second; else 1000/second. 0 is none.",
        ),
    ] = None,
    log: Annotated[str | None, typer.Option(help="json or text, on standard error.")] = None,
) -> None:
    """Serve the page and the API.

    Visitors are identified at the door; people are enrolled with a photo and forgotten with a
    receipt. The first start prints an admin key, once; `likeness keys` makes others. There is no
    liveness detection: a photo of a person counts as the person.
    """
    for module in ("fastapi", "uvicorn"):
        require_extra(module, extra="serve")
    from likeness.service.running import run  # late: FastAPI
    from likeness.service.settings import read_settings

    chosen = read_settings(
        file=settings,
        environment=os.environ,
        options={
            "model": model,
            "gallery": gallery,
            "host": host,
            "port": port,
            "key_file": key_file,
            "faces": faces,
            "cut_faces": cut_faces,
            "tls_certificate": tls_certificate,
            "tls_key": tls_key,
            "no_keys": no_keys,
            "rate_limit": rate_limit,
            "log": log,
        },
    )
    run(chosen, say=_say)


def _say(line: str) -> None:
    output().print(line, markup=False, highlight=False, soft_wrap=True)
