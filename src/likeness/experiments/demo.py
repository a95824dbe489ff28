"""The main job in one call: the lab split and unseen people, and the report on both."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from likeness.datasets import Dataset
from likeness.experiments.lab_split import LabSplitJob, lab_pairs, lab_section
from likeness.experiments.pictures import draw_pictures, tower_picture, untrained_network
from likeness.experiments.pool import Job, JobProgress, run_side_by_side
from likeness.experiments.result import versions
from likeness.experiments.unseen_people import (
    unseen_people_jobs,
    unseen_people_parts,
    unseen_people_section,
)
from likeness.reports import network_svg
from likeness.reports.content import NetworkFacts, ProtocolSection, ReportContent
from likeness.training import BATCHES, PAIRS, TrainingRecipe

FOLDS = 4


def lab_and_unseen(
    data: Dataset,
    *,
    lab: TrainingRecipe = PAIRS,
    unseen: TrainingRecipe = BATCHES,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> list[ProtocolSection]:
    """Run protocols L and U4, all their trainings side by side.

    Args:
        data: at least eight people with two photos each.
        lab: recipe of the lab split, of mode "pairs".
        unseen: recipe of the folds.
        workers: trainings side by side; as many as cores if not given.
        on_progress: called with the progress of each training; the first is the lab split's.
    """
    parts = unseen_people_parts(data, FOLDS)
    split = lab_pairs(data, seed=lab.seed)
    lab_job = LabSplitJob(recipe=lab, data=data, pairs=split[0])
    jobs: list[Job] = [lab_job, *unseen_people_jobs(unseen, parts)]
    lab_run, *runs = run_side_by_side(jobs, workers=workers, on_progress=on_progress)
    return [
        lab_section(data, split, lab_run, seed=lab.seed),
        unseen_people_section(data, parts, runs, protocol="U4", partition_seed=None),
    ]


def network_facts(recipe: TrainingRecipe, folder: Path) -> NetworkFacts:
    """Describe the recipe's network, and draw it into the folder.

    Raises:
        OutputError: the folder cannot be written to.
    """
    network = untrained_network(recipe)
    draw_pictures(network, folder)
    return describe_network(network)


def describe_network(network: Any) -> NetworkFacts:
    """Describe a `SiameseNet`."""
    lines: list[str] = []
    network.summary(line_length=78, print_fn=lines.append)
    return NetworkFacts(
        summary="\n".join(lines),
        svg=network_svg(tower_picture(network)),
        facts={
            "encoder": network.encoder.name,
            "energy": network.energy,
            "embedding_size": int(network.encoder.output_shape[-1]),
            "parameters": int(network.encoder.count_params()),
        },
    )


def report_content(
    data: Dataset,
    sections: Sequence[ProtocolSection],
    *,
    network: NetworkFacts,
    seconds: float,
    title: str | None = None,
) -> ReportContent:
    """Return what the report on these protocols is made of.

    Args:
        data: what they were run on.
        sections: one per protocol.
        network: what to say about the network.
        seconds: how long it all took.
        title: of the page; names the data if not given.
    """
    return ReportContent(
        title=title or f"A Siamese network on {data.name}",
        data=data,
        sections=sections,
        network=network,
        versions=versions(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
    )
