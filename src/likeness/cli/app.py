"""The commands, and what happens to what they raise."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from likeness import __version__
from likeness.cli import audit as _audit
from likeness.cli import calibrate as _calibrate
from likeness.cli import card as _card
from likeness.cli import compare as _compare
from likeness.cli import crossval as _crossval
from likeness.cli import data as _data
from likeness.cli import demo as _demo
from likeness.cli import doctor as _doctor
from likeness.cli import enrol as _enrol
from likeness.cli import evaluate as _evaluate
from likeness.cli import export as _export
from likeness.cli import forget as _forget
from likeness.cli import gallery as _gallery
from likeness.cli import identify as _identify
from likeness.cli import keys as _keys
from likeness.cli import model as _model
from likeness.cli import next_photo as _next_photo
from likeness.cli import people as _people
from likeness.cli import picture as _picture
from likeness.cli import serve as _serve
from likeness.cli import train as _train
from likeness.cli.terminal import errors
from likeness.errors import LikenessError
from likeness.tasks import registry


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
for _name in registry.names("commands"):
    registry.load("commands", _name)(app)


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
