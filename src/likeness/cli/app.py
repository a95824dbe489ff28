"""The table of commands; a command's module is imported when it is called."""

import errno
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import typer
from rich.text import Text
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from likeness import __version__
from likeness.cli.terminal import errors
from likeness.errors import LikenessError
from likeness.tasks import registry

_GROUPS = {
    "data": ("Faces", "Get data sets and look at what they hold."),
    "model": ("Faces", "Get or import a public encoder, and show what a model holds."),
    "people": ("Gallery", "List, show, rename, merge, export or import people."),
    "gallery": ("Gallery", "Copy a gallery, back it up, check it, change its key."),
    "keys": ("Service", "Make, list and revoke the API keys of a service."),
    "questions": ("Other tasks", "Train and measure a model of sentences."),
}
"""Group → panel of ``--help``, and one line."""

_COMMANDS = {
    "Faces": {
        "demo": ("train:_demo", "Train and measure on the AT&T faces, and write a report."),
        "train": ("train:_train", "Train a model on photos of people, and save it."),
        "export": ("model:_export", "Write the encoder for ONNX Runtime, to run without Keras."),
        "compare": ("identify:_compare", "Compare two files: same person or writer?"),
        "picture": ("train:_picture", "Draw the network as siamese.png and siamese.svg."),
        "data att": ("data:_att", "Find or download the AT&T faces, and check every photo."),
        "data folder": ("data:_folder", "Read a folder of photos, and summarise it."),
        "data faces": ("data:_faces", "Cut the face out of each photo, into a new folder."),
        "model get": ("model:_get", "Get a public face encoder by name, or the detector yunet."),
        "model import": ("model:_import", "Import a public face encoder (ArcFace, SFace, …)."),
        "model show": (
            "model:_show",
            "Show the contents of a model's folder, and check its ONNX parts.",
        ),
    },
    "Measure": {
        "evaluate": ("evaluate:_evaluate", "Measure a saved model on the people of a data set."),
        "calibrate": ("evaluate:_calibrate", "Choose the model's threshold for a purpose."),
        "crossval": ("train:_crossval", "Train and measure on people unseen in training."),
        "audit": ("data:_audit", "List the people and photos that two data sets share."),
        "doctor": ("data:_doctor", "Check photos before enrolling people."),
        "next-photo": ("evaluate:_next_photo", "Measure what another photo per person gains."),
        "card": ("model:_card", "Show a model's card: data, figures, threshold, limits."),
    },
    "Gallery": {
        "enrol": ("enrol:_enrol", "Enrol people from photos."),
        "identify": (
            "identify:_identify",
            "Identify the people in photos: known, unknown or ambiguous.",
        ),
        "verify": ("identify:_verify", "Verify that a photo shows a person."),
        "approve": ("people:_approve", "Add a photo of a recognised person to their templates."),
        "undo": ("people:_undo", "Remove an approved photo."),
        "forget": ("people:_forget", "Delete a person or a photo, and print a receipt."),
        "re-enrol": ("people:_re_enrol", "Move a gallery to another model, from its kept photos."),
        "people list": ("people:_list", "List everybody who is enrolled."),
        "people show": ("people:_show", "Show a person and their templates."),
        "people rename": ("people:_rename", "Rename a person."),
        "people merge": ("people:_merge", "Merge two names of one person."),
        "people export": (
            "people:_export",
            "Export all people, with their embeddings in plain.",
        ),
        "people import": ("people:_import", "Import exported people: all of them, or none."),
        "gallery copy": ("gallery:_copy", "Copy a gallery between SQLite and PostgreSQL."),
        "gallery check": ("gallery:_check", "Check every page, row and embedding for damage."),
        "gallery backup": ("gallery:_backup", "Write a gallery to a new file while it is in use."),
        "gallery rotate-key": ("gallery:_rotate_key", "Encrypt a gallery with a new key."),
    },
    "Service": {
        "serve": ("serve:_serve", "Serve the page and the API."),
        "keys add": ("serve:_add", "Make an API key and print it, once."),
        "keys list": ("serve:_list", "List all API keys, revoked ones too."),
        "keys revoke": ("serve:_revoke", "Revoke an API key."),
    },
}
"""Panel of ``--help`` → command → where it is (``module:function`` in this folder), and a summary,
the first line of its docstring. The tasks' commands are in `likeness.tasks.registry`."""


_SETTINGS: Any = {"pretty_exceptions_enable": False, "rich_markup_mode": "rich"}


@dataclass(frozen=True)
class _Line:
    """A line of the table of commands.

    Attributes:
        words: the command's name, such as «people list».
        target: ``module:function`` of its implementation.
        help: one line.
        panel: heading in ``--help``.
    """

    words: str
    target: str
    help: str
    panel: str

    def function(self) -> Any:
        """Import and return the function."""
        module, _, function = self.target.partition(":")
        return getattr(import_module(module), function)

    def parser(self) -> Any:
        """Import it, and return its argument parser."""
        function = self.function()
        alone = typer.Typer(**_SETTINGS, add_completion=False)
        # Lines are wrapped by the terminal, not where they end in the source.
        paragraphs = (inspect.getdoc(function) or "").split("\n\n")
        text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
        alone.command(self.words.split()[-1], cls=_Command, help=text)(function)
        return get_command(alone)


def commands() -> Iterator[_Line]:
    """Yield every command, in the order of ``--help``; none is imported."""
    for panel, lines in _COMMANDS.items():
        for words, (target, line) in lines.items():
            yield _Line(words, f"likeness.cli.{target}", line, panel)
    for words, target, line in registry.commands():
        group = words.partition(" ")[0]
        panel = _GROUPS[group][0] if group in _GROUPS else "Other tasks"
        yield _Line(words, target, line, panel)


class _Help:
    """Formats a flag without a type, and an argument in capitals, as in error messages."""

    def get_params(self, ctx: Any) -> Any:
        parameters = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""
            elif parameter.param_type_name == "argument":
                parameter.metavar = parameter.metavar or parameter.name.upper()
        return parameters


class _Command(_Help, TyperCommand):
    pass


class _Group(_Help, TyperGroup):
    """Imports a command when it is called, or when its help or options are needed."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        words = f"{self.name} {name}" if self.name in _GROUPS else name
        listed = next((entry for entry in commands() if entry.words == words), None)
        return name, command if listed is None else listed.parser(), rest


class _Root(_Group):
    """Prints a message on Ctrl-C; typer alone ends silently."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            errors().print("Stopped. No file was left incomplete.")
            raise typer.Exit(130) from None


def _listed() -> None:
    """Stands for a command until it is called."""


app = typer.Typer(
    **_SETTINGS,
    name="likeness",
    cls=_Root,
    help="One-shot face recognition with Siamese networks: train on a few photos, measure "
    "honestly.",
    epilog="Exit codes: 0 done, known or accepted; 1 unknown, ambiguous or rejected, or the audit, "
    "the doctor or the check found something; 2 could not try (one sentence says why); 130 stopped "
    "by Ctrl-C.",
    no_args_is_help=True,
)
_inside = {
    name: typer.Typer(**_SETTINGS, cls=_Group, help=line, no_args_is_help=True)
    for name, (_, line) in _GROUPS.items()
}
for _entry in commands():
    _group, _, _name = _entry.words.rpartition(" ")
    _panel = None if _group else _entry.panel
    _inside.get(_group, app).command(_name, help=_entry.help, rich_help_panel=_panel)(_listed)
for _group, _inner in _inside.items():
    app.add_typer(_inner, name=_group, rich_help_panel=_GROUPS[_group][0])


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"likeness {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False,
        "--version",
        help="Print the version and exit.",
        callback=_print_version,
        is_eager=True,
    ),
) -> None:
    """Options before the command."""


def run() -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what its encoding lacks is printed as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except LikenessError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in _ORDINARY:
            raise
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror}{where}. Make room, or choose another place.")


_ORDINARY = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM}


def _fail(sentence: str) -> None:
    errors().print(Text.assemble(("likeness:", "bold red"), f" {sentence}"), soft_wrap=True)
    sys.exit(2)
