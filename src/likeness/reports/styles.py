"""How each series looks, the same in every plot of a report."""

from likeness.evaluation.figures import method_label
from likeness.reports.axes import Style

GENUINE = Style(label="genuine pairs", colour="var(--genuine, #00746b)")
IMPOSTOR = Style(label="impostor pairs", colour="var(--impostor, #c2472f)", dash="5 2")
EQUAL = Style(label="", colour="var(--faint, #5a6673)", dash="2 4", width=1)
"""The diagonal, where two rates are equal."""

_METHODS = {
    "network": ("var(--network, #1f5fbf)", "", 2.8),
    "raw_pixels": ("var(--raw, #b3541e)", "7 4", 2.0),
    "fisherfaces": ("var(--fisher, #2b7a3d)", "2 3", 2.2),
}
_OTHERS = ("var(--faint, #5a6673)", "9 3 2 3", 2.0)
_DASHES = ("", "7 3", "2 3", "9 3 2 3")


def method_style(name: str, *, more: str = "") -> Style:
    """Return how a method looks; ``more`` stands after its name in the legend."""
    colour, dash, width = _METHODS.get(name, _OTHERS)
    return Style(label=method_label(name) + more, colour=colour, dash=dash, width=width)


def fold_style(fold: int) -> Style:
    """Return how the network looks in one of several folds."""
    colour, _, _ = _METHODS["network"]
    return Style(label=f"fold {fold}", colour=colour, dash=_DASHES[fold % 4], width=1.8)
