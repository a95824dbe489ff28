"""The card of a tracker's model."""

from collections.abc import Mapping
from typing import Any

from likeness.files import LenientObject
from likeness.model.card.facts import CardPart, CardThreshold, ModelCard, shown_number

TRACKING_FORMAT = "likeness.tracking/1"
"""Format of a model whose encoder gives feature maps for tracking, not embeddings."""

_DRAWN_MARK = "drawn frames, not a real film"

_FOR = (
    "It follows one target through a film, from its box in the first frame (`likeness track`), "
    "and gives the energy of the position in each frame."
)
_NOT_FOR = (
    "It does not detect or identify the target: the user marks it in the first frame. It follows "
    "one target, not several.",
    "Not for following people without their knowledge, nor for decisions about them.",
    "Not for use without supervision where a lost target does harm: it may follow a similar "
    "object, and below the threshold it does not report that.",
    "Not for other kinds of films and targets than those of the training sequences, until it has "
    "been measured on films like yours: `likeness track` does, where the true boxes are known.",
)
_LIMITS = (
    "The box is upright and keeps the proportions of the first one; it grows and shrinks slowly.",
    "It looks near the last position only: a target that jumps, or reappears elsewhere, is lost.",
)


def _tracking_card(document: LenientObject) -> ModelCard:
    """Return the card of a tracker's model.

    Args:
        document: of ``model.json``; missing parts are left out.
    """
    return _Facts(document).card()


def _tracking_summary(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the summary of a tracker's model for `likeness model show`: names and texts.

    Args:
        document: of ``model.json``.
    """
    shapes, threshold = document["preparation"], document["threshold"]
    target, search = (f"{shapes[side]}×{shapes[side]} pixels" for side in ("template", "search"))
    return [
        ("preparation", f"a target in {target}, searched in {search}, rgb"),
        ("map", f"a cell every {shapes['stride']} pixels, {document['energy']} energy"),
        (
            "threshold",
            "none: nothing was held out of training, so a target is never reported as lost by its "
            "energy"
            if threshold is None
            else f"{threshold:.4g}. Above it the target counts as lost.",
        ),
        ("tracker", ", ".join(f"{name} {value:g}" for name, value in document["tracker"].items())),
    ]


class _Facts:
    """The entries of a tracker's ``model.json``."""

    def __init__(self, document: LenientObject) -> None:
        self._document = document
        self._record = document.part("record")
        self._about = document.part("about")
        self._learned = self._record.part("data")
        self._things = self._learned.part("things")
        self._choice = self._record.part("choice")

    def card(self) -> ModelCard:
        name = self._learned.text("name")
        sequences = [LenientObject.of(entry) for entry in self._learned.entries("sequences")]
        frames, learned = (
            _total([entry.number(kind) for entry in sequences]) for kind in ("frames", "learned")
        )
        drawn = self._learned.get("drawn") is True
        return ModelCard(
            fingerprint=self._document.text("fingerprint"),
            created=self._record.text("created"),
            likeness=self._record.text("likeness"),
            name=self._about.text("name") or "tracker" + (f" trained on {name}" if name else ""),
            licence=self._about.text("licence"),
            watermark=_DRAWN_MARK if drawn else None,
            data=self._data(
                name=name,
                sequences=len(sequences),
                frames=frames,
                frames_learned=learned,
                drawn=drawn,
            ),
            training=self._training(),
            threshold=self._threshold(),
            measured=self._measured(),
            purpose=_FOR,
            not_for=_NOT_FOR,
            limits=(*_learned_from(len(sequences), learned), *_LIMITS, *self._stopped()),
        )

    def _data(self, *, drawn: bool, **facts: str | int | None) -> CardPart:
        terms = [source.text("licence") for source in (self._learned, self._things)]
        licence = "; ".join(said for said in terms if said) or None
        pictures, identities = (self._things.number(name) for name in ("items", "identities"))
        name = self._things.text("name")
        things = {"name": name, "pictures": pictures, "identities": identities}
        pasted = f"{shown_number(pictures)} of {shown_number(identities)} identities ({name})"
        return CardPart(
            values={
                **facts,
                "licence": licence,
                "things": things if self._things else None,
                "drawn": drawn,
            },
            rows=(
                ("Name", facts["name"]),
                ("Licence and credit", licence),
                ("Sequences", shown_number(facts["sequences"])),
                ("Frames", shown_number(facts["frames"])),
                ("Frames learned from", shown_number(facts["frames_learned"])),
                ("Pictures pasted in", pasted if self._things else "none"),
                ("Frames are", "drawn, not real" if drawn else "as they were given"),
            ),
        )

    def _training(self) -> CardPart:
        document = self._document
        recipe = self._record.part("recipe")
        shapes = document.part("preparation")
        reads = {side: shapes.number(side) for side in ("template", "search", "stride")}
        sides = [f"{reads[name]} × {reads[name]}" for name in ("template", "search")]
        held_out = self._choice.number("frames")
        settings = document.part("tracker").plain()
        searches = [
            f"{name.replace('_', ' ')} {shown_number(value)}" for name, value in settings.items()
        ]
        sizes = {
            name: LenientObject.of(part).number("bytes")
            for name, part in document.part("parts").items()
        }
        values: dict[str, object] = {
            "encoder": "fully convolutional",
            "loss": "logistic, of every position",
            "energy": document.text("energy"),
            "parameters": document.number("parameters"),
            "bytes": sizes,
            "reads": reads,
            "steps": recipe.number("steps"),
            "seed": recipe.number("seed"),
            "seconds": self._record.number("seconds"),
            "held_out_frames": held_out,
            "interrupted": self._record.get("interrupted") is True,
            "recipe": recipe.plain(),
            "tracker": settings,
        }
        frames = f"{shown_number(held_out)} frames, to choose settings"
        return CardPart(
            values=values,
            rows=(
                ("Encoder", values["encoder"]),
                ("Loss", values["loss"]),
                ("Weights", shown_number(values["parameters"])),
                *(
                    (f"Bytes ({name})", shown_number(size))
                    for name, size in sizes.items()
                    if size is not None
                ),
                ("Reads", f"a target in {sides[0]} pixels, searched in {sides[1]}, colour"),
                ("Distance (lower is more alike)", values["energy"]),
                ("Steps", shown_number(values["steps"])),
                ("Held out", frames if held_out else "nothing"),
                ("Searches with", ", ".join(searches) or None),
                ("Seed", values["seed"]),
                ("Seconds", values["seconds"]),
            ),
        )

    def _threshold(self) -> CardThreshold:
        value = self._document.number("threshold")
        rejected, accepted, genuine, impostor = (
            self._choice.number(name)
            for name in (
                "genuine_rejected", "impostor_accepted", "genuine_pairs", "impostor_pairs"
            )
        )  # fmt: skip
        if value is None:
            said = "There is no threshold, so a target is never reported as lost by its energy."
            return CardThreshold(value=None, source=None, sentences=(said,), for_gallery=False)
        if rejected is None or accepted is None:
            said = "It was set by hand: its error rates are unknown."
            return CardThreshold(
                value=value, source="by hand", sentences=(said,), for_gallery=False
            )
        return CardThreshold(
            value=value,
            source="frames held out of training",
            evidence={"genuine_pairs": genuine, "impostor_pairs": impostor},
            date=self._record.text("created"),
            sentences=(
                "Above it the target counts as lost. On the frames that it was chosen on, that is "
                f"wrong for {100 * rejected:.1f} % of the target's views, and "
                f"{100 * accepted:.1f} % of the most similar other positions are accepted as the "
                "target; on other films it may be more.",
            ),
            for_gallery=False,
        )

    def _measured(self) -> str | None:
        tried, index = self._choice.entries("tried"), self._choice.get("chosen")
        if not isinstance(index, int) or not 0 <= index < len(tried):
            return None
        overlap = LenientObject.of(tried[index]).number("mean_overlap")
        if overlap is None:
            return None
        return (
            f"Mean overlap (IoU) {overlap:.3f} on {self._choice.get('frames')} frames held out of "
            "training. The settings of the tracker were chosen on them, so the figure is "
            "optimistic: `likeness track` measures other films whose true boxes are known."
        )

    def _stopped(self) -> list[str]:
        if self._record.get("interrupted") is not True:
            return []
        return ["The training was stopped early; these are the weights until then."]


def _total(counts: list[int | float | None]) -> int | None:
    known = [int(count) for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _learned_from(sequences: int, learned: int | None) -> list[str]:
    if learned is None:
        return []
    films = "one sequence" if sequences == 1 else f"{sequences} sequences"
    return [
        f"It was trained on {learned:,} frames of {films}, with one target each. Its accuracy "
        "on others is unknown until it is measured there."
    ]
