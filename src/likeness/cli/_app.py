"""The commands, and what happens to what they raise."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from likeness._version import __version__
from likeness.cli import (
    _audit,
    _calibrate,
    _card,
    _compare,
    _crossval,
    _data,
    _demo,
    _digits,
    _doctor,
    _enrol,
    _evaluate,
    _export,
    _forget,
    _gallery,
    _identify,
    _keys,
    _model,
    _next_photo,
    _omniglot,
    _people,
    _picture,
    _questions,
    _serve,
    _track,
    _train,
)
from likeness.cli._terminal import errors
from likeness.errors import LikenessError


class _Commands(TyperGroup):
    """Says on Ctrl-C that it was heard; by itself typer ends without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            errors().print("Stopped. Nothing was written half.")
            raise typer.Exit(130) from None


app = typer.Typer(
    name="likeness",
    cls=_Commands,
    help="One-shot face recognition with Siamese networks: train on a few photos, measure "
    "honestly.",
    epilog="Exit codes: 0 done, known or accepted; 1 unknown, ambiguous or rejected, or the audit, "
    "the doctor or the check found something; 2 could not try (one sentence says why); 130 stopped "
    "by Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(_demo.demo)
app.add_typer(_data.app, name="data")
app.command("train")(_train.train)
app.command("evaluate")(_evaluate.evaluate)
app.command("calibrate")(_calibrate.calibrate)
app.add_typer(_model.app, name="model")
app.command("export")(_export.export)
app.command("next-photo")(_next_photo.next_photo)
app.command("crossval")(_crossval.crossval)
app.command("digits")(_digits.digits)
app.command("omniglot")(_omniglot.omniglot)
app.command("card")(_card.card)
app.command("audit")(_audit.audit)
app.command("doctor")(_doctor.doctor)
app.command("enrol")(_enrol.enrol)
app.command("identify")(_identify.identify)
app.command("verify")(_identify.verify)
app.command("compare")(_compare.compare)
app.add_typer(_people.app, name="people")
app.command("approve")(_forget.approve)
app.command("undo")(_forget.undo)
app.command("forget")(_forget.forget)
app.command("re-enrol")(_forget.re_enrol)
app.add_typer(_gallery.app, name="gallery")
app.command("serve")(_serve.serve)
app.add_typer(_keys.app, name="keys")
app.command("picture")(_picture.picture)
app.add_typer(_questions.app, name="questions")
app.command("faq")(_questions.faq)
app.command("track-train")(_track.track_train)
app.command("track")(_track.track)


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
    errors().print(f"[bold red]likeness:[/] {_escape(sentence)}", soft_wrap=True)
    sys.exit(2)


def _escape(text: str) -> str:
    from rich.markup import escape  # late: only errors need it

    return escape(text)
