"""The plots: SVG that parses, says what it shows, and is the same every time."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.reports.axes import BOTTOM, LEFT, RIGHT, TOP, Axis, Plot, Style
from likeness.reports.plots import (
    cmc_plot,
    det_plot,
    energies_histogram,
    learning_curves,
    one_shot_plot,
    roc_plot,
)

RNG = np.random.default_rng(0)
GENUINE = np.abs(RNG.normal(0.4, 0.2, 200))
IMPOSTOR = np.abs(RNG.normal(1.2, 0.2, 2000))
FAR = np.linspace(0, 1, 5000)
CURVES = {"network": (FAR, FAR**0.05), "raw_pixels": (FAR, FAR**0.3)}
CMC = {"network": [0.95, 1.0, 1.0], "raw_pixels": [0.8, 0.9, 0.95]}
HISTORIES = [{"loss": [3.0, 2.0, 1.5]}, {"loss": [2.5, 1.5]}]
MARK = "drawn faces, not AT&T"
SVG = "{http://www.w3.org/2000/svg}"

PLOTS = {
    "energies": lambda mark: energies_histogram(GENUINE, IMPOSTOR, threshold=0.8, mark=mark),
    "roc": lambda mark: roc_plot(CURVES, mark=mark),
    "det": lambda mark: det_plot(CURVES, genuine=200, impostor=2000, mark=mark),
    "cmc": lambda mark: cmc_plot(CMC, mark=mark),
    "open set": lambda mark: roc_plot(CURVES, open_set=True, at_threshold=(0.4, 0.95), mark=mark),
    "open-set det": lambda mark: det_plot(
        CURVES, genuine=100, impostor=100, open_set=True, mark=mark
    ),
    "loss": lambda mark: learning_curves(HISTORIES, series="loss", mark=mark),
    "one-shot": lambda mark: one_shot_plot(
        [0.9, 0.95], title="10-way", baselines={"raw_pixels": 0.8}, mark=mark
    ),
}


def points(element):
    return np.array([[float(n) for n in pair.split(",")] for pair in element.get("points").split()])


def words(svg):
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def lines(svg):
    return [points(line) for line in ElementTree.fromstring(svg).iter(f"{SVG}polyline")]


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_parses_is_described_and_is_the_same_twice(name):
    svg = PLOTS[name]("")
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert len(root.get("aria-label")) > 20
    assert svg == PLOTS[name]("")
    assert "nan" not in svg.lower()
    assert "drawn" not in svg


@pytest.mark.parametrize("name", PLOTS)
def test_no_identifier_can_clash_and_nothing_is_fetched(name):
    svg = PLOTS[name]("")
    for element in ElementTree.fromstring(svg).iter():
        assert "id" not in element.attrib
        assert not any("href" in attribute for attribute in element.attrib)
    assert svg.count("http") == 1  # the namespace


@pytest.mark.parametrize("name", PLOTS)
def test_made_up_data_is_marked_for_eyes_and_ears(name):
    svg = PLOTS[name](MARK)
    assert MARK in words(svg)
    assert MARK in ElementTree.fromstring(svg).get("aria-label")


@pytest.mark.parametrize("name", PLOTS)
def test_everything_is_drawn_inside_the_frame(name):
    root = ElementTree.fromstring(PLOTS[name](""))
    shapes = [*root.iter(f"{SVG}polyline"), *root.iter(f"{SVG}polygon")]
    assert shapes
    for shape in shapes:
        x, y = points(shape).T
        assert LEFT <= x.min() <= x.max() <= RIGHT
        assert TOP <= y.min() <= y.max() <= BOTTOM


def test_the_histogram_shows_both_kinds_and_where_the_threshold_parts_them():
    svg = energies_histogram([0.0, 1.0], [3.0, 4.0], threshold=2.0)
    assert {"genuine pairs", "impostor pairs", "accept", "reject"} <= set(words(svg))
    impostor, genuine = ElementTree.fromstring(svg).iter(f"{SVG}polygon")
    threshold = next(
        float(line.get("x1"))
        for line in ElementTree.fromstring(svg).iter(f"{SVG}line")
        if line.get("stroke-dasharray") == "5 3"
    )
    raised = [shape[shape[:, 1] < BOTTOM - 1, 0] for shape in (points(genuine), points(impostor))]
    assert raised[0].max() < threshold < raised[1].min()


def test_bars_are_shares_of_their_own_kind():
    few = energies_histogram([1.0], [3.0, 4.0], threshold=None)
    many = energies_histogram([1.0] * 1000, [3.0, 4.0], threshold=None)
    assert few == many


def test_no_threshold_draws_no_line():
    said = words(energies_histogram(GENUINE, IMPOSTOR, threshold=None))
    assert "accept" not in said


@pytest.mark.parametrize("value", [0.0, 1e-6, -1.0, 5.0])
def test_energies_that_are_all_equal_can_be_drawn(value):
    ElementTree.fromstring(energies_histogram([value], [value], threshold=value))


def test_the_roc_runs_from_corner_to_corner_and_is_thinned():
    _, pixels, network = lines(roc_plot(CURVES))
    for line in (pixels, network):
        assert line[0].tolist() == [LEFT, BOTTOM]
        assert line[-1].tolist() == [RIGHT, TOP]
        assert len(line) <= 1 + 2 * (RIGHT - LEFT + BOTTOM - TOP)  # of 5,000
    assert network[:, 1].mean() < pixels[:, 1].mean()  # nearer to the top


def test_thinning_keeps_within_half_a_pixel():
    _, _, network = lines(roc_plot({"other": CURVES["raw_pixels"], "network": CURVES["network"]}))
    far = (network[:, 0] - LEFT) / (RIGHT - LEFT)
    tar = (BOTTOM - network[:, 1]) / (BOTTOM - TOP)
    inside = far > 0.02  # where the curve is not steep
    assert np.abs(np.interp(far[inside], FAR, FAR**0.3) - tar[inside]).max() < 0.02


def test_the_det_does_not_draw_rates_that_fewer_than_three_pairs_would_show():
    def rates(pairs):
        return set(words(det_plot(CURVES, genuine=pairs, impostor=pairs)))

    assert {"0.1 %", "20 %"} <= rates(3000)
    assert "0.1 %" not in rates(2900)
    assert {"1 %", "2 %"} & rates(300)
    assert not {"0.1 %", "0.2 %", "0.5 %"} & rates(300)


def test_a_method_without_errors_is_said_to_be_off_the_scale():
    perfect = (np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
    curves = {"network": perfect, "raw_pixels": CURVES["raw_pixels"]}
    said = words(det_plot(curves, genuine=100, impostor=100))
    assert "network (off scale)" in said
    assert "raw pixels" in said


def test_the_det_of_a_normal_distribution_is_a_straight_line():
    from statistics import NormalDist

    normal = NormalDist()
    at = np.linspace(-4, 4, 400)
    far = np.array([normal.cdf(t) for t in at])
    tar = np.array([normal.cdf(t + 2) for t in at])
    svg = det_plot({"network": (far, tar)}, genuine=10**6, impostor=10**6)
    line = lines(svg)[-1]
    slope, offset = np.polyfit(line[:, 0], line[:, 1], 1)
    assert np.abs(slope * line[:, 0] + offset - line[:, 1]).max() < 1.0


def test_learning_curves_have_one_line_per_fold_that_has_the_series():
    svg = learning_curves([*HISTORIES, {"held_out_auc": [0.9]}, {"loss": []}], series="loss")
    assert len(lines(svg)) == 2
    assert {"fold 0", "fold 1"} <= set(words(svg))
    falling = lines(svg)[0]
    assert (np.diff(falling[:, 1]) > 0).all()  # pixels grow downwards


@pytest.mark.parametrize("series", ["loss", "held_out_auc"])
@pytest.mark.parametrize("values", [[0.5], [math.nan, 0.5, 0.6], [0.0, 0.0], [1.0, 1.0]])
def test_odd_histories_can_be_drawn(series, values):
    svg = learning_curves([{series: values}], series=series)
    assert all(np.isfinite(line).all() for line in lines(svg))


def test_one_shot_has_a_dot_and_a_number_per_fold_and_a_line_per_method():
    svg = one_shot_plot(
        [0.9, 0.95, 1.0],
        title="10-way one-shot",
        baselines={"raw_pixels": 0.84, "fisherfaces": 0.9},
    )
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter(f"{SVG}circle"))) == 3
    assert {"90.0 %", "95.0 %", "100.0 %", "raw pixels", "Fisherfaces"} <= set(words(svg))
    assert len(lines(svg)) == 3


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_one_shot_at_the_ends(rate):
    ElementTree.fromstring(one_shot_plot([rate], title="t", baselines={}))


def test_labels_are_escaped():
    nasty = "<script>&\"'"
    svg = roc_plot({nasty: CURVES["network"]})
    assert "<script>" not in svg
    assert nasty in words(svg)
    plot = Plot(
        nasty,
        nasty,
        x=Axis(label=nasty, low=0, high=1, ticks=[(0, nasty)]),
        y=Axis(label=nasty, low=0, high=1, ticks=[]),
        mark=nasty,
    )
    plot.legend([Style(label=nasty, colour="red")])
    assert words(plot.svg()).count(nasty) == 6  # title, mark, both labels, tick, legend


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e4), most=st.integers(2, 12))
def test_ticks_are_even_inside_and_not_too_many(low, width, most):
    high = low + width
    values = [value for value, _ in Axis.even("x", low, high, str, most=most).ticks]
    assert len(values) <= most
    slack = 1e-6 * (abs(low) + width)
    assert all(low - slack <= value <= high + slack for value in values)
    if len(values) > 2:
        gaps = np.diff(values)
        assert gaps == pytest.approx([gaps[0]] * len(gaps), rel=1e-6)


def test_the_cmc_has_a_point_for_every_rank_and_says_rank_one():
    svg = cmc_plot(CMC)
    raw, network = lines(svg)
    assert len(network) == len(raw) == 3
    assert (np.diff(raw[:, 1]) < 0).all()  # upwards
    assert network[-1, 1] == TOP
    assert "Rank 1: network 95.0 %, raw pixels 80.0 %." in svg
    assert {"1", "2", "3"} <= set(words(svg))


def test_a_cmc_of_one_rank_does_not_fail():
    assert "CMC" in words(cmc_plot({"network": [1.0]}))


def test_the_open_set_shows_where_the_threshold_stands():
    svg = roc_plot(CURVES, open_set=True, at_threshold=(0.4, 0.95))
    (dot,) = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    assert float(dot.get("cx")) == pytest.approx(LEFT + 0.4 * (RIGHT - LEFT), abs=0.5)
    assert float(dot.get("cy")) == pytest.approx(BOTTOM - 0.95 * (BOTTOM - TOP), abs=0.5)
    assert "its threshold" in words(svg)
    without = roc_plot(CURVES, open_set=True, at_threshold=None)
    assert not list(ElementTree.fromstring(without).iter(f"{SVG}circle"))


@pytest.mark.parametrize("found", [0.0, 0.5, 0.99, 1.0])
def test_words_at_a_dot_keep_off_the_legend(found):
    svg = roc_plot(CURVES, open_set=True, at_threshold=(0.4, found))
    said = next(t for t in ElementTree.fromstring(svg).iter(f"{SVG}text") if "its" in t.text)
    assert TOP + 8 < float(said.get("y")) <= BOTTOM


def test_the_open_set_det_starts_where_the_probes_show_something():
    svg = det_plot(CURVES, genuine=100, impostor=100, open_set=True)
    assert "5 %" in words(svg)
    assert "1 %" not in words(svg)
    assert "DIR at FPIR 5 %: network 86" in svg
