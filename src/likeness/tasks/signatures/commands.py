"""``likeness data signatures``: find the signatures, and check them."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli import terminal
from likeness.cli.data import describe
from likeness.tasks.signatures.dataset import signatures


def _data_signatures(
    path: Annotated[
        Path | None, typer.Argument(help="The zip of the signatures, or a folder that holds it.")
    ] = None,
) -> None:
    """Find the signatures of 93 writers, and check them.

    They were written on paper, tablet and phone. Looks at PATH or LIKENESS_DATA, then the cache,
    then at LIKENESS_MIRRORS.
    """
    with terminal.reading_bar("Signatures") as tell:
        items = signatures(path, on_progress=tell)
    describe(items, items="signatures", identities="writers")
    for name in ("name", "medium"):
        labels = list(dict.fromkeys(items.facet(name)))
        terminal.say(f"{name}: {', '.join(labels)}.")
    terminal.say("The file was verified (SHA-256).")
