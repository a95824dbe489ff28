"""``likeness serve`` and ``likeness keys ...``: the service, its page, and who may use it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from likeness.cli import options, terminal
from likeness.errors import require_extra
from likeness.recogniser import gallery as galleries


def _serve(
    context: typer.Context,
    model: options.OptionalModel = None,
    gallery: Annotated[
        str | None,
        typer.Option(help=f"{options.GALLERY_HELP} Created if it does not exist."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on. Default: 127.0.0.1, this machine only."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port. Default: 8000; 0 chooses a free one.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(help="TOML file with settings; options override it.")
    ] = None,
    key_file: options.KeyFile = None,
    faces: Annotated[
        str | None,
        typer.Option(
            help="Face detector: none (photos are used whole), haar (OpenCV's), yunet (from "
            "`likeness model get yunet`), or an ONNX file for cv2.FaceDetectorYN. Default: none."
        ),
    ] = None,
    cut_faces: Annotated[
        bool | None, options.flag("cut-faces", "Crop each photo to its face, as at enrolment.")
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate; serves HTTPS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its private key.")] = None,
    no_keys: Annotated[
        bool | None,
        options.flag("no-keys", "No API keys: anybody on this machine may do everything."),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            help="Requests allowed per API key, such as 100/second; 0 for no limit. "
            "Default: 1000/second."
        ),
    ] = None,
    log: Annotated[
        str | None, typer.Option(help="Log format on standard error: json or text.")
    ] = None,
) -> None:
    """Serve the page and the API.

    The page identifies visitors, enrols people with a photo, and deletes them with a receipt. The
    first start prints an admin key, once; `likeness keys` makes others. There is no liveness
    detection: a photo of a person counts as the person.
    """
    for module in ("fastapi", "uvicorn"):
        require_extra(module, extra="serve")
    from likeness.service.running import run  # late: FastAPI
    from likeness.service.settings import Settings

    # Every option but --settings is called as the setting that it overrides.
    given = {name: value for name, value in context.params.items() if name != "settings"}
    run(Settings.read(file=settings, environment=os.environ, options=given), say=terminal.say)


def _add(
    name: Annotated[str, typer.Argument(help="The person or program that gets the key.")],
    gallery: options.Gallery,
    role: Annotated[
        str,
        typer.Option(
            help="viewer (list, identify, verify, compare), operator (also enrols and changes) "
            "or admin (also deletes people and reads the audit log)."
        ),
    ],
    json_: options.Json = None,
) -> None:
    """Make an API key and print it, once.

    The gallery stores only a digest of the key.
    """
    with galleries.open_gallery(gallery) as opened:
        key, text = opened.api_keys.add(name, role=role)
    terminal.finish({"format": "likeness.key/1", **key.as_dict(), "key": text}, json_, text)


def _list(gallery: options.Gallery, json_: options.Json = None) -> None:
    """List all API keys, revoked ones too.

    The keys themselves are not stored.
    """
    with galleries.open_gallery(gallery) as opened:
        keys = opened.api_keys.list()
    lines = []
    for key in keys:
        state = "" if key.revoked is None else f", revoked {key.revoked}"
        lines.append(f"{key.id}  {key.role}  {key.name}, since {key.created}{state}")
    document = {"format": "likeness.keys/1", "keys": [key.as_dict() for key in keys]}
    terminal.finish(document, json_, *lines, f"{len(keys):,} key{'' if len(keys) == 1 else 's'}.")


def _revoke(
    number: Annotated[int, typer.Argument(help="The key's number, as `keys list` shows it.")],
    gallery: options.Gallery,
    json_: options.Json = None,
) -> None:
    """Revoke an API key.

    A running service stops accepting it within a second.
    """
    with galleries.open_gallery(gallery) as opened:
        key = opened.api_keys.revoke(number)
    document = {"format": "likeness.key/1", **key.as_dict()}
    terminal.finish(document, json_, f"Key {key.id} of {key.name} is revoked.")
