"""``likeness track`` and ``likeness track-train``: follow one target through a film."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from likeness.arrays import Floats
from likeness.cli import opening, options, terminal
from likeness.errors import LikenessError, OutputError, SettingError, TooFewError
from likeness.files import check_new_folder, check_writable_file, growing_file, write_file
from likeness.tasks import tracking
from likeness.tasks.tracking.film import SUFFIXES, FilmWriter
from likeness.tasks.tracking.model import TrainedTracker
from likeness.tasks.tracking.sequences import TrackingSequence
from likeness.training.process import load_keras

SEQUENCES = (
    "bag (VOT2015), dragon-baby (OTB), drawn (synthetic), or a zip or a folder of frames with "
)
"""Description of a sequence with its ground truth."""


def _track(
    film: Annotated[
        str,
        typer.Argument(
            help="A folder of frames, a GIF or a video; or a sequence with its ground truth: "
            f"{SEQUENCES}groundtruth.txt."
        ),
    ],
    model: Annotated[Path, typer.Option(help="Folder of a model from `likeness track-train`.")],
    out: Annotated[Path, typer.Option(help="CSV file to write the boxes to.")],
    box: Annotated[
        str | None,
        typer.Option(
            help="The target's box in the first frame: x,y,width,height in pixels. A sequence "
            "with its ground truth needs none."
        ),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="Also write the film with the boxes: a .gif, or an .mp4 by OpenCV."),
    ] = None,
    json_: options.Json = None,
) -> None:
    """Follow one target through a film.

    It needs the target's box in the first frame. Each frame gets a box, an energy (lower is more
    alike) and, if the target seems lost, a reason. For a sequence with its ground truth it also
    reports the accuracy.

    Boxes are written as they are found: a frame that cannot be read, or Ctrl-C, ends it, and the
    boxes of the frames before stay.
    """
    _check_places(out, video)
    source, truth = _source(film)
    for text in source.notes:
        terminal.note(f"Note: {text}")
    first = _first_box(box, truth)
    track = _follow(tracking.TrackingModel.open(model), source, first, out=out, video=video)
    if truth is not None and track.steps:
        boxes = [step.box.as_tuple() for step in track.steps]
        track = replace(
            track, evaluation=tracking.TrackEvaluation.of(boxes, truth[1 : len(boxes) + 1])
        )
    terminal.finish(track.to_json(model), json_, *_lines(track, out, video))
    if isinstance(track.stopped, KeyboardInterrupt):
        raise typer.Exit(130)
    if track.stopped is not None:
        raise track.stopped


def _track_train(
    sequences: Annotated[
        list[str],
        typer.Argument(help=f"Training data: {SEQUENCES}groundtruth.txt; one or more."),
    ],
    out: options.Out,
    things: Annotated[
        str | None,
        typer.Option(
            help="An image set whose identities are pasted onto frames as further targets: att, "
            "drawn, digits, mnist, or a folder with one sub-folder of pictures for each."
        ),
    ] = None,
    set_: options.Changes = None,
    seed: options.Seed = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
) -> None:
    """Train a tracker on sequences with the target marked.

    The first quarter of each sequence is held out, to choose the settings of the search and the
    threshold above which the target counts as lost.
    """
    recipe = options.changed(tracking.TrackingRecipe(), set_, seed=seed)
    check_new_folder(out, overwrite=overwrite)
    films = []
    for word in sequences:
        sequence = TrackingSequence.find(word)
        if sequence is None:
            raise SettingError(
                f"SEQUENCES: expected {SEQUENCES}groundtruth.txt. Received: {word!r}."
            )
        films.append(sequence)
    pictures = None if things is None else options.read_data(things)
    load_keras()
    from likeness.tasks.tracking.training import train_tracker  # late: brings Keras

    with terminal.training_bars() as bars:
        trained = train_tracker(
            recipe,
            films,
            things=pictures,
            on_progress=lambda progress: bars.tell(0, "tracker", progress),
        )
    folder = trained.save(out, overwrite=overwrite)
    document = {
        "format": "likeness.tracker-training/1",
        "model": str(folder),
        "fingerprint": trained.fingerprint,
        "threshold": trained.threshold,
        "tracker": trained.settings.as_dict(),
        **trained.record,
        "no_onnx": trained.no_onnx,
    }
    opening.finish_training(document, json_, _learned(trained))


def _check_places(out: Path, video: Path | None) -> None:
    for option, file in (("--out", out), ("--video", video)):
        check_writable_file(file, option=option)
    if video is not None and video.suffix.lower() not in SUFFIXES:
        raise SettingError(
            f"--video: expected a name that ends in {' or '.join(SUFFIXES)}. Received: {video}."
        )
    if video is not None and video.resolve() == out.resolve():
        raise OutputError(f"--out, --video: expected two files. Received: {out} for both.")


def _source(word: str) -> tuple[tracking.Film, Floats | None]:
    """Return a film, and where its target truly is, if that is known."""
    sequence = TrackingSequence.find(word)
    if sequence is None:
        return tracking.Film.open(word), None
    return tracking.Film(frames=iter(sequence.frames), count=len(sequence)), sequence.boxes


def _first_box(text: str | None, truth: Floats | None) -> tracking.Box:
    if text is not None:
        return tracking.Box.from_text(text, argument="--box")
    if truth is None:
        raise SettingError(
            "--box: expected x,y,width,height of the target in the first frame, in pixels, such "
            "as 160,83,56,65. Received: nothing."
        )
    return tracking.Box(*truth[0].tolist())


def _follow(
    model: tracking.TrackingModel,
    film: tracking.Film,
    first: tracking.Box,
    *,
    out: Path,
    video: Path | None,
) -> "_Track":
    """Follow the target; each box is in the file as soon as it is known.

    A frame that cannot be read, and Ctrl-C, end it; what was done is kept.
    """
    writer = None if video is None else FilmWriter.of(video.suffix.lower(), rate=film.rate)
    start = next(film.frames)
    tracker = tracking.Tracker(model, start, first)
    second = next(film.frames, None)
    if second is None:
        raise TooFewError("film: expected two frames at least. Received: one.")
    if writer is not None:
        writer.add(start, first, words="frame 1", lost=False)
    steps: list[tracking.Step] = []

    def followed() -> Iterator[tracking.Step]:
        for number, frame in enumerate(chain([second], film.frames), start=2):
            step = tracker.step(frame)
            if writer is not None:
                words = f"frame {number}  energy {step.energy:.2f}{'  lost' * step.lost}"
                writer.add(frame, step.box, words=words, lost=step.lost)
            steps.append(step)
            yield step
            tell(number, film.count or 0)

    stopped: BaseException | None = None
    with terminal.reading_bar("Tracking") as tell, growing_file(out) as append:
        try:
            for line in tracking.track_csv(first, followed()):
                append(line)
        except (LikenessError, KeyboardInterrupt) as error:
            stopped = error
    if writer is not None and video is not None:
        write_file(video, writer.content())
    return _Track(model=model, first=first, steps=steps, stopped=stopped)


@dataclass(frozen=True, kw_only=True)
class _Track:
    """The result of tracking."""

    model: tracking.TrackingModel
    first: tracking.Box
    steps: Sequence[tracking.Step]
    evaluation: tracking.TrackEvaluation | None = None
    stopped: BaseException | None = None

    @property
    def lost_frames(self) -> list[int]:
        return [number for number, step in enumerate(self.steps, start=2) if step.lost]

    def to_json(self, folder: Path) -> Mapping[str, object]:
        """Return JSON values."""
        document: dict[str, object] = {
            "format": "likeness.track/1",
            "model": str(folder),
            "fingerprint": self.model.fingerprint,
            "threshold": self.model.threshold,
            "frames": len(self.steps) + 1,
            "box": list(self.first.as_tuple()),
            "stopped": None if self.stopped is None else str(self.stopped) or "Ctrl-C",
            "lost_frames": self.lost_frames,
            "steps": [
                {
                    "frame": number,
                    "box": [round(side, 2) for side in step.box.as_tuple()],
                    "energy": round(step.energy, 4),
                    "lost": step.lost,
                    "reason": step.reason,
                }
                for number, step in enumerate(self.steps, start=2)
            ],
        }
        if self.evaluation is not None:
            document["evaluation"] = {
                "figures": dict(self.evaluation.figures),
                "lost": dict(self.evaluation.lost),
            }
        return document


def _lines(track: _Track, out: Path, video: Path | None) -> list[str]:
    lost, summary = track.lost_frames, f"{len(track.steps) + 1} frames tracked"
    if track.model.threshold is None:
        summary += "; the model has no threshold, so none is reported as lost by its energy."
    elif lost:
        summary += f"; in {len(lost)} of them the target seems lost, first in frame {lost[0]}."
    else:
        summary += "; the target was never lost, as far as the model can tell."
    lines = [summary]
    if track.stopped is not None:
        lines = [f"Stopped after frame {len(track.steps) + 1}; what was done is kept.", *lines]
    if track.evaluation is not None:
        figures, first = track.evaluation.figures, track.evaluation.lost["first_below"]
        lines.append(
            f"Against the ground truth: mean overlap {figures['mean_overlap']:.3f}, centre within "
            f"20 pixels in {100 * figures['precision_20']:.0f} % of the frames, median error "
            f"{figures['median_centre_error']:.0f} pixels; first overlap below 0.1: "
            f"{'never' if first is None else f'frame {first}'}."
        )
    return lines + [f"Wrote {file}" for file in (out, video) if file is not None]


def _learned(trained: TrainedTracker) -> str:
    if trained.threshold is None:
        return "Nothing was held out, so there is no threshold for a lost target."
    choice = trained.record["choice"]
    chosen = choice["tried"][choice["chosen"]]
    return (
        f"On {choice['frames']} frames held out: mean overlap {chosen['mean_overlap']:.3f}; "
        f"the target counts as lost above an energy of {trained.threshold:.3f} (wrongly in "
        f"{100 * choice['genuine_rejected']:.1f} % of its views; "
        f"{100 * choice['impostor_accepted']:.1f} % of other positions are accepted as the target)."
    )
