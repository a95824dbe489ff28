"""A small plot in SVG: a frame, two axes, and what is drawn between them.

Written by hand, not by Matplotlib: a report holds a dozen of these, and this way each is a
few kilobytes, has no identifiers that could clash on one page, and takes its colours from
the page, so that it follows a reader's light or dark mode. Without a page around it the
colours after the commas hold, which are for a light background.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Floats

WIDTH, HEIGHT = 460.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 442.0, 52.0, 284.0
EDGE = 10.0
"""Of the words above and beside the frame."""

MARK_LINE = 12.0
"""Added height of a plot with a mark, which has a line of its own above the title."""

INK = "var(--ink, #1d2733)"
FAINT = "var(--faint, #5a6673)"
GRID = "var(--grid, #e3e8ed)"
CARD = "var(--card, #ffffff)"
MARK = "var(--mark, #a33a00)"


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one series looks: not by colour alone, for those who see colours otherwise.

    Args:
        label: in the legend.
        colour: of CSS.
        dash: of SVG, in pixels; solid if empty.
        width: of the line, in pixels.
    """

    label: str
    colour: str
    dash: str = ""
    width: float = 2.0

    def paint(self, fill: str = "none") -> str:
        """Return the attributes of a line in this style, around nothing or a colour."""
        dash = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        return f'style="stroke:{self.colour};fill:{fill}" stroke-width="{self.width:g}"{dash}'


def _as_it_is(values: Floats) -> Floats:
    return values


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One direction of a plot.

    Args:
        label: what it shows.
        low, high: the values at its ends; low < high.
        ticks: values and what is written at them.
        bend: makes another scale of it; must rise.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    bend: Callable[[Floats], Floats] = _as_it_is

    @classmethod
    def even(
        cls, label: str, low: float, high: float, write: Callable[[float], str], *, most: int = 6
    ) -> "Axis":
        """Return one with at most this many ticks, at 1, 2, 2.5 or 5 times a power of ten.

        >>> [text for _, text in Axis.even("share", 0.0, 1.0, "{:g}".format).ticks]
        ['0', '0.2', '0.4', '0.6', '0.8', '1']
        """
        raw = (high - low) / max(1, most - 1)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = [(k * step, write(k * step)) for k in range(first, last + 1)]
        return cls(label=label, low=low, high=high, ticks=ticks)

    def share(self, values: ArrayLike) -> Floats:
        """Return where the values lie between the ends, 0…1; those beyond lie at an end."""
        low, high = self.bend(np.array([self.low, self.high]))
        inside = np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)
        return np.asarray((self.bend(inside) - low) / (high - low))


class Plot:
    """A plot that is drawn on from back to front, and then is SVG text.

    Args:
        title: stands above it.
        description: for those who cannot see it.
        x, y: its axes.
        mark: stands above it in a colour of warning; nothing if empty.
    """

    def __init__(self, title: str, description: str, *, x: Axis, y: Axis, mark: str = "") -> None:
        self._x, self._y = x, y
        above = MARK_LINE if mark else 0.0
        spoken = " ".join(part for part in (f"{title}.", description, mark) if part)
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 {-above:g} {WIDTH:g} {HEIGHT + above:g}" '
            f'role="img" aria-label="{escape(spoken)}" '
            'font-family="system-ui, -apple-system, Segoe UI, sans-serif" font-size="12">'
        ]
        self._text(EDGE, 18, title, colour=INK, more='font-weight="600" font-size="14"')
        if mark:
            self._text(EDGE, 2, mark, colour=MARK, more='font-weight="600" font-size="11.5"')
        self._axes()

    def curve(self, x: ArrayLike, y: ArrayLike, style: Style) -> bool:
        """Draw a line through points; return whether there was a line to draw."""
        points = self._pixels(x, y)
        if len(points) > 1:
            text = " ".join(f"{a:g},{b:g}" for a, b in points)
            self._parts.append(
                f'<polyline points="{text}" stroke-linejoin="round" {style.paint()}/>'
            )
        return len(points) > 1

    def steps(self, edges: Floats, heights: Floats, style: Style) -> None:
        """Draw a histogram's outline, filled: ``(k + 1,)`` edges, ``(k,)`` heights."""
        x = np.repeat(edges, 2)
        y = np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
        points = self._pixels(x, y)
        text = " ".join(f"{a:g},{b:g}" for a, b in points)
        self._parts.append(
            f'<polygon points="{text}" stroke-linejoin="round" fill-opacity="0.28" '
            f"{style.paint(style.colour)}/>"
        )

    def dots(self, x: ArrayLike, y: ArrayLike, texts: Sequence[str], style: Style) -> None:
        """Draw a dot at each point, and a word (if any) above or below it: away from their mean.

        Never above the frame, where the legend is.
        """
        middle = float(np.mean(np.asarray(y)))
        points = self._points(x, y)
        for (a, b), value, text in zip(points, np.asarray(y), texts, strict=True):
            self._parts.append(f'<circle cx="{a:g}" cy="{b:g}" r="5" style="fill:{style.colour}"/>')
            above = -10 if value >= middle and b > TOP + 22 else 20
            halo = f"text-anchor:middle;paint-order:stroke;stroke:{CARD};stroke-width:4px"
            if text:
                self._text(float(a), float(b) + above, text, colour=f"{INK};{halo}")

    def whiskers(self, x: ArrayLike, low: ArrayLike, high: ArrayLike, style: Style) -> None:
        """Draw an interval at each value: a vertical line with short ends."""
        for (a, top), (_, foot) in zip(self._points(x, high), self._points(x, low), strict=True):
            path = f"M{a - 4:g} {top:g}h8m-4 0V{foot:g}m-4 0h8"
            self._parts.append(f'<path d="{path}" {replace(style, dash="", width=1.4).paint()}/>')

    def vertical(self, x: float, left: str, right: str) -> None:
        """Draw a line at a value, and a word on each side of it."""
        (across,) = self._points([x], [self._y.low])[:, 0]
        self._parts.append(
            f'<line x1="{across:g}" x2="{across:g}" y1="{TOP:g}" y2="{BOTTOM:g}" '
            f'style="stroke:{INK}" stroke-width="1.5" stroke-dasharray="5 3"/>'
        )
        for text, shift, anchor in ((left, -6, "end"), (right, 6, "start")):
            self._text(
                float(across) + shift, TOP + 12, text, colour=INK, more=f'text-anchor="{anchor}"'
            )

    def legend(self, styles: Sequence[Style]) -> None:
        """List the series in a row above the frame, where they cover nothing."""
        x, y = EDGE, 37.0
        for style in styles:
            self._parts.append(
                f'<line x1="{x:g}" x2="{x + 26:g}" y1="{y:g}" y2="{y:g}" {style.paint()}/>'
            )
            self._text(x + 31, y + 4, style.label, colour=INK)
            x += 46 + 6.3 * len(style.label)

    def svg(self) -> str:
        """Return what was drawn."""
        return "\n".join([*self._parts, "</svg>"])

    def _axes(self) -> None:
        for value, text in _apart(self._x, RIGHT - LEFT, least=38):
            x = float(self._points([value], [self._y.low])[0, 0])
            self._grid_line(x, x, TOP, BOTTOM)
            self._text(x, BOTTOM + 17, text, colour=FAINT, more='text-anchor="middle"')
        for value, text in _apart(self._y, BOTTOM - TOP, least=15):
            y = float(self._points([self._x.low], [value])[0, 1])
            self._grid_line(LEFT, RIGHT, y, y)
            self._text(LEFT - 7, y + 4, text, colour=FAINT, more='text-anchor="end"')
        middle = (LEFT + RIGHT) / 2
        self._text(middle, HEIGHT - 8, self._x.label, colour=INK, more='text-anchor="middle"')
        turned = f'text-anchor="middle" transform="rotate(-90 14 {(TOP + BOTTOM) / 2:g})"'
        self._text(14, (TOP + BOTTOM) / 2, self._y.label, colour=INK, more=turned)

    def _grid_line(self, x1: float, x2: float, y1: float, y2: float) -> None:
        self._parts.append(
            f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" style="stroke:{GRID}"/>'
        )

    def _text(self, x: float, y: float, text: str, *, colour: str, more: str = "") -> None:
        space = f" {more}" if more else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" style="fill:{colour}"{space}>{escape(text)}</text>'
        )

    def _points(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return ``(n, 2)`` pixels of values."""
        across = LEFT + self._x.share(x) * (RIGHT - LEFT)
        down = BOTTOM - self._y.share(y) * (BOTTOM - TOP)
        return np.stack([across, down], axis=1)

    def _pixels(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return the points to half a pixel, each once in a row: a ROC has 20,000 points."""
        points = np.round(2 * self._points(x, y)) / 2
        if len(points) < 2:
            return points
        moved = np.any(np.diff(points, axis=0) != 0, axis=1)
        return np.asarray(points[np.concatenate([[True], moved])])


def _apart(axis: Axis, length: float, *, least: float) -> list[tuple[float, str]]:
    """Return the ticks whose words do not touch, the highest first."""
    kept: list[tuple[float, str]] = []
    last = float("inf")
    for value, text in sorted(axis.ticks, reverse=True):
        position = length * float(axis.share([value])[0])
        if last - position >= least:
            kept.append((value, text))
            last = position
    return kept
