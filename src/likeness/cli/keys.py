"""``likeness keys ...``: who may ask the service."""

from typing import Annotated

import typer

from likeness.cli.recognising import Json, Where
from likeness.cli.terminal import check_json_place, output, write_json


def add(
    name: Annotated[str, typer.Argument(help="Who or what gets the key.")],
    gallery: Where,
    role: Annotated[
        str,
        typer.Option(
            help="viewer (list, identify, verify, compare), operator (also enrols and changes) "
            "or admin (also deletes people and reads the audit log)."
        ),
    ],
    json_: Json = None,
) -> None:
    """Make an API key and print it, once.

    The gallery stores only a digest of the key.
    """
    from likeness.recogniser.gallery import add_api_key, open_gallery  # late: a database

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        key, text = add_api_key(opened, name, role=role)
    if json_ != "-":
        output().print(text, markup=False, highlight=False, soft_wrap=True)
    write_json({"format": "likeness.key/1", **key.as_dict(), "key": text}, json_)


def list_(gallery: Where, json_: Json = None) -> None:
    """List all API keys, revoked ones too.

    The keys themselves are not stored.
    """
    from likeness.recogniser.gallery import list_api_keys, open_gallery  # late: a database

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        keys = list_api_keys(opened)
    if json_ != "-":
        for key in keys:
            state = "" if key.revoked is None else f", revoked {key.revoked}"
            _print(f"{key.id}  {key.role}  {key.name}, since {key.created}{state}")
        _print(f"{len(keys):,} key{'' if len(keys) == 1 else 's'}.")
    document = {"format": "likeness.keys/1", "keys": [key.as_dict() for key in keys]}
    write_json(document, json_)


def revoke(
    number: Annotated[int, typer.Argument(help="The key's number, as `keys list` shows it.")],
    gallery: Where,
    json_: Json = None,
) -> None:
    """Revoke an API key.

    A running service stops accepting it within a second.
    """
    from likeness.recogniser.gallery import open_gallery, revoke_api_key  # late: a database

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        key = revoke_api_key(opened, number)
    if json_ != "-":
        _print(f"Key {key.id} of {key.name} is revoked.")
    write_json({"format": "likeness.key/1", **key.as_dict()}, json_)


def _print(text: str) -> None:
    output().print(text, markup=False, highlight=False, soft_wrap=True)
