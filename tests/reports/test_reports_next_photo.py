"""The next photo's plot and table say what was measured."""

import dataclasses
from io import StringIO
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from likeness.evaluation.figures import Interval
from likeness.evaluation.next_photo import NextPhotoCurve, NextPhotoResult, Point
from likeness.evaluation.results import MeasuredData
from likeness.reports import next_photo_plot, next_photo_table
from likeness.reports.axes import BOTTOM, LEFT, RIGHT, TOP

SVG = "{http://www.w3.org/2000/svg}"


def rate(mean, more=0.02):
    return Interval(mean=mean, low=max(0.0, mean - more), high=mean + more)


def result(*, drawn=False, **changes):
    points = tuple(
        Point(
            photos=k,
            wrong=rate(wrong),
            rejected=rate(wrong + 0.1),
            rejected_at_threshold=rate(wrong / 2),
            accepted_at_threshold=rate(0.01 * k),
        )
        for k, wrong in ((1, 0.3), (2, 0.2), (5, 0.1))
    )
    curve = NextPhotoCurve(
        fusion="top2",
        energy="euclidean",
        people=12,
        left_out=(),
        probes=24,
        draws=3,
        seed=0,
        far=0.01,
        threshold=1.25,
        points=points,
        gains=(),
    )
    return NextPhotoResult(
        curve=dataclasses.replace(curve, **changes), model="f1", data=MeasuredData(), drawn=drawn
    )


def dots(svg):
    circles = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    return np.array([[float(c.get("cx")), float(c.get("cy"))] for c in circles])


def words(svg):
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


class TestPlot:
    def test_a_dot_and_an_interval_for_each_figure_inside_the_frame(self) -> None:
        svg = next_photo_plot(result())
        places = dots(svg)
        assert len(places) == 6
        assert (places[:, 0] > LEFT).all()
        assert (places[:, 0] < RIGHT).all()
        assert (places[:, 1] > TOP).all()
        assert (places[:, 1] < BOTTOM).all()
        wrong = places[:3]
        assert (np.diff(wrong[:, 1]) > 0).all()  # errors fall: further down
        # Five photos stand three times as far from two as two from one.
        across = np.diff(wrong[:, 0])
        assert across[1] == pytest.approx(3 * across[0], rel=1e-3)
        paths = list(ElementTree.fromstring(svg).iter(f"{SVG}path"))
        assert len(paths) == 6
        tops = [float(path.get("d").split()[1].split("h")[0]) for path in paths]
        feet = [float(path.get("d").split("V")[1].split("m")[0]) for path in paths]
        for (_, y), top, foot in zip(places, tops, feet, strict=True):
            assert TOP <= top < y < foot <= BOTTOM
        assert next_photo_plot(result()) == svg

    def test_it_is_described_for_those_who_cannot_see_it(self) -> None:
        spoken = ElementTree.fromstring(next_photo_plot(result())).get("aria-label")
        assert "1 enrolled: 30.0 % wrong. 2 enrolled: 20.0 % wrong." in spoken
        assert "5 enrolled: 10.0 % wrong." in spoken

    def test_the_legend_names_what_there_is(self) -> None:
        both = words(next_photo_plot(result()))
        assert {"wrong answers, 12-way", "rejected at FAR 1 %"} <= set(both)
        alone = next_photo_plot(result(far=None))
        assert not any("FAR" in text for text in words(alone))
        assert len(dots(alone)) == 3

    def test_made_up_data_is_marked(self) -> None:
        assert "drawn faces, not AT&T" in words(next_photo_plot(result(drawn=True)))
        assert "drawn faces, not AT&T" not in words(next_photo_plot(result()))

    def test_one_point_and_no_error_are_drawn_too(self) -> None:
        first = result().curve.points[0]
        point = dataclasses.replace(first, wrong=rate(0.0, 0.0), rejected=None)
        svg = next_photo_plot(result(points=(point,), far=None))
        assert len(dots(svg)) == 1
        assert "nan" not in svg


class TestTable:
    def text(self, **changes):
        console = Console(file=StringIO(), width=120)
        console.print(next_photo_table(result(**changes)))
        return console.file.getvalue()

    def test_every_point_is_a_row_with_its_intervals(self) -> None:
        text = self.text()
        assert "12 people, fusion of their photos: top2" in text
        assert "wrong, 12-way ↓" in text
        for row in ("30.0 %", "28.0–32.0", "40.0 %", "15.0 %", "5.0 %"):
            assert row in text

    def test_what_was_not_measured_has_no_column(self) -> None:
        text = self.text(far=None, threshold=None)
        assert "FAR" not in text
        assert "1.25" not in text

    def test_made_up_data_is_marked(self) -> None:
        assert "drawn faces, not AT&T" in self.text(drawn=True)
