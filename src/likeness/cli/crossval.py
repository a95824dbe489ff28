"""``likeness crossval DATA --protocol U4``."""

from typing import Annotated

import typer

from likeness.cli.arguments import DATA_HELP, Mode, RecipeFile, read_data, read_recipe
from likeness.cli.settings import Changes
from likeness.cli.terminal import (
    check_evidence,
    check_json_place,
    output,
    training_bars,
    write_json,
)
from likeness.errors import SettingError


def crossval(
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    protocol: Annotated[
        str,
        typer.Option(
            help="U4: four folds of unseen people. S20: two folds. open-set: as U4, half of the "
            "test people never enrolled. L: the lab split."
        ),
    ] = "U4",
    mode: Mode = "batches",
    recipe: RecipeFile = None,
    set_: Changes = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random in training.")] = None,
    partition_seed: Annotated[
        int | None, typer.Option(help="Shuffle the people before they are dealt to the folds.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Trainings side by side; as many as cores.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Put into the JSON what every figure follows from.")
    ] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Train and measure on people unseen in training.

    The figures stand beside those of the baselines.
    """
    from likeness.experiments.protocols import PROTOCOLS  # late: only here

    if protocol not in PROTOCOLS:
        raise SettingError(
            f"--protocol: expected one of {', '.join(PROTOCOLS)}. Received: {protocol!r}."
        )
    settings = read_recipe(
        "pairs" if protocol == "L" else mode, file=recipe, changes=set_ or [], seed=seed
    )
    check_json_place(json_)
    check_evidence(evidence, json_)
    people = read_data(data)
    with training_bars() as bars:
        section = PROTOCOLS[protocol](
            settings,
            people,
            partition_seed=partition_seed,
            workers=jobs,
            on_progress=lambda told: bars.tell(told.job, _title(protocol, told.job), told.training),
        )
    if json_ != "-":
        from likeness.reports import print_protocol  # late: only for people

        print_protocol(output(), section.result)
    write_json(section.to_json() if evidence else section.result.to_json(), json_)


def _title(protocol: str, job: int) -> str:
    return "lab split" if protocol == "L" else f"fold {job}"
