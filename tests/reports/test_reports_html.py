"""The report's folder: one page that needs nothing else, and its JSON."""

import base64
import dataclasses
import io
import itertools
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from likeness.errors import OutputError
from likeness.evaluation.figures import FigureName, Interval
from likeness.evaluation.results import ProtocolResult
from likeness.reports import write_report
from likeness.reports.content import NetworkFacts, ProtocolSection
from likeness.reports.html import MOST_PIXELS, photo_uri, report_html

MARK = "drawn faces, not AT&amp;T"
LEAKY = "leaky split: not valid for unseen people"
VOID = {"meta", "link", "img", "br", "circle", "line", "polyline", "polygon", "rect"}


class Page(HTMLParser):
    """Tags, attributes and texts of a page; fails where tags do not close as they opened."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.texts = []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, text):
        self.texts.append(text)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def page(make_content):
    return Page(report_html(make_content()))


def test_the_page_and_the_document_are_written(make_content, tmp_path):
    content = make_content()
    path = write_report(content, tmp_path / "report")
    assert path == tmp_path / "report" / "report.html"
    assert sorted(file.name for file in path.parent.iterdir()) == ["report.html", "report.json"]
    assert path.read_text(encoding="utf-8") == report_html(content)
    text = (path.parent / "report.json").read_text(encoding="utf-8")
    assert json.loads(text) == content.to_json()
    assert list(json.loads(text)) == sorted(content.to_json())


def test_the_same_content_gives_the_same_bytes(make_content, tmp_path):
    first, second = (
        write_report(make_content(), tmp_path / name).parent for name in ("first", "second")
    )
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def test_nothing_is_fetched(make_content, page):
    for tag, attributes in page.tags:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"src", "href", "srcset", "poster", "data", "action"}:
                assert value.startswith(("data:", "#")), (tag, name, value)
    text = report_html(make_content())
    assert "@import" not in text
    assert "url(" not in text
    addresses = set(re.findall(r"https?://[^\s<\"']+", text))
    assert addresses == {"https://example.org/licence"}  # the licence's words, no link
    policy = next(a for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_names_of_people_and_photos_are_text(make_content):
    text = report_html(make_content(title="</title><script>alert(2)</script>"))
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "<b>bold" not in text
    page = Page(text)
    assert "<script>alert(1)</script>" in page.words
    assert "Photo <img src=x onerror=alert(1)>/1" in [a.get("alt") for a in page.all("img")]


def test_every_part_of_the_report_is_there(page, make_content):
    for said in (
        "In short",
        "Unseen people",
        "94.1 %",
        "The network is ahead of both baselines in every figure on unseen people.",
        "The network loses to Fisherfaces on the pairs of this protocol in: ",
        "This protocol leaks",
        "Leak: 40 of the 40 test people (100 %) are in the training part too.",
        "No leak: no person was in the training part.",
        "Protocol U4: 40 people, 2 folds, 1,800 genuine pairs, 18,000 impostor pairs",
        "Distances of pairs",
        "ROC",
        "DET",
        "Loss while training",
        "AUC on held-out people",
        "10-way one-shot, fold by fold",
        "One person, rejected",
        "Two people, accepted",
        "Fold by fold",
        "The network",
        "stem (Conv2D) <script>",
        "Recipe",
        "symmetric",
        "Seeds",
        "recipe 7, partition –",
        "Versions",
        "3.15",
        "4 photos of 2 people",
        make_content().data.digest,
        "free; see https://example.org/licence",
        "one file was left out",
    ):
        assert said in page.words, said


def test_the_recipes_of_both_protocols_stand_side_by_side(page):
    assert "mode pairs batches" in page.words
    assert "symmetric – true" in page.words


def test_a_person_with_a_screen_reader_finds_the_way(page):
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert all(image.get("alt") for image in page.all("img"))
    assert all(drawing.get("aria-label") for drawing in page.all("svg"))
    assert all(head.get("scope") for head in page.all("th"))
    assert len(page.all("caption")) == 4
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_no_identifier_stands_twice(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_the_best_of_each_column_is_marked_and_smaller_errors_are_better(make_content):
    text = report_html(make_content())
    table = text[text.index("Figures by protocol U4") :]
    first_row = table[table.index('<tr class="ours">') : table.index("raw pixels")]
    assert first_row.count('class="best"') == 5


def test_light_dark_and_print(make_content):
    text = report_html(make_content())
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'name="viewport"' in text


def contrast(first, second):
    """Of WCAG 2.1: (lighter + 0.05) / (darker + 0.05)."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_and_lines_stand_out_from_their_ground(make_content, mode):
    text = report_html(make_content())
    block = re.findall(r":root \{(.*?)\}", text, flags=re.DOTALL)[mode]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for ink, ground in (
        ("ink", "page"),
        ("ink", "card"),
        ("faint", "page"),
        ("faint", "card"),
        ("mark", "card"),
        ("link", "card"),
        ("network", "card"),
        ("warn-ink", "warn-back"),
        ("good-ink", "good-back"),
        ("bad-ink", "bad-back"),
    ):
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for line in ("raw", "fisher", "genuine", "impostor"):
        assert contrast(colours[line], colours["card"]) >= 3, line


def test_drawn_data_is_marked_on_the_page_every_table_every_plot_and_every_photo(make_content):
    text = report_html(make_content(drawn=True))
    assert f"<title>{MARK}" in text
    assert f'<p class="banner" role="note"><strong>{MARK}.' in text
    tables = re.findall(r"<caption>(.*?)</caption>", text)
    assert len(tables) == 4
    assert all(MARK in caption for caption in tables)
    plots = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(plots) == 5 + 6
    assert all(plot.count(MARK) == 2 for plot in plots)
    photos = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(photos) == 4
    assert all(MARK in caption for caption in photos)


def parts_of(text):
    """The sections of the two protocols: the leaking one, and the clean one."""
    return re.findall(r'<section aria-labelledby="protocol-\d">.*?</section>', text, re.DOTALL)


@pytest.mark.parametrize("drawn", [False, True])
def test_a_leaky_split_is_marked_on_its_banner_tables_plots_and_pairs_only(make_content, drawn):
    mark = f"{MARK} · {LEAKY}" if drawn else LEAKY
    lab, unseen = parts_of(report_html(make_content(drawn=drawn)))
    assert f'<p class="banner" role="note"><strong>{mark}</strong></p>' in lab
    captions = re.findall(r"<caption>(.*?)</caption>|<figcaption>(.*?)</figcaption>", lab)
    assert len(captions) == 4
    assert all(mark in "".join(caption) for caption in captions)
    plots = re.findall(r"<svg.*?</svg>", lab, flags=re.DOTALL)
    assert len(plots) == 5
    assert all(plot.count(mark) == 2 for plot in plots)
    assert LEAKY not in unseen


def test_the_first_glance_marks_the_leaky_figure_and_not_the_other(make_content):
    text = report_html(make_content())
    head = text[: text.index('<section aria-labelledby="protocol-1"')]
    cards = re.findall(r'<div class="card (\w+)">(.*?)</div>', head, re.DOTALL)
    assert {kind: LEAKY in card for kind, card in cards} == {"known": True, "unseen": False}


def test_a_marked_plot_has_room_for_mark_and_title(make_content):
    lab, _ = parts_of(report_html(make_content(drawn=True)))
    for plot in re.findall(r"<svg.*?</svg>", lab, flags=re.DOTALL):
        top = float(re.search(r'viewBox="0 (-?\d+) ', plot)[1])
        lines = [float(y) for y in re.findall(r'<text x="10.0" y="(-?[\d.]+)"', plot)][:2]
        assert sorted(lines) == [2.0, 18.0]
        assert lines[1] - 11.5 > top


def test_real_data_is_not_called_drawn(make_content):
    assert "drawn" not in Page(report_html(make_content())).words


def test_the_photos_are_inside_the_page(page):
    photos = [
        image["src"] for image in page.all("img") if image["src"].startswith("data:image/png")
    ]
    assert len(photos) == 8
    for source in photos:
        with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
            assert image.size == (20, 30)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_photo_keeps_its_pixels(channels):
    photo = np.random.default_rng(0).integers(0, 256, (9, 7, channels), dtype=np.uint8)
    content = base64.b64decode(photo_uri(photo).partition(",")[2])
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image).reshape(photo.shape), photo)


def test_a_large_photo_is_made_smaller():
    uri = photo_uri(np.zeros((400, 300, 3), np.uint8))
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        assert image.size == (MOST_PIXELS * 3 // 4, MOST_PIXELS)


def test_a_warning_about_passing_photographs_on_stands_where_there_are_some(make_content):
    content = make_content()
    assert "This page holds photographs." in report_html(content)
    assert "This page holds photographs." not in report_html(make_content(drawn=True))
    without = dataclasses.replace(content, sections=())
    assert "This page holds photographs." not in report_html(without)


def test_a_figure_that_is_not_finite_leaves_the_old_report(make_content, tmp_path):
    write_report(make_content(), tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    content = make_content()
    section = content.sections[0]
    figures = {FigureName("auc"): Interval(mean=math.nan, low=0.0, high=1.0)}
    broken = dataclasses.replace(
        section, result=dataclasses.replace(section.result, figures=figures)
    )
    content = dataclasses.replace(content, sections=[broken])
    with pytest.raises(OutputError, match=r"report\.json: expected finite figures"):
        write_report(content, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_report_that_cannot_be_written_leaves_the_old_one(make_content, tmp_path):
    write_report(make_content(), tmp_path)
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    before = (tmp_path / "report.json").read_bytes()
    with pytest.raises(OutputError, match=r"report\.json, report\.html\) cannot be written: "):
        write_report(make_content(title="another"), tmp_path)
    assert (tmp_path / "report.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_the_path_is_a_file(make_content, tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written: "):
        write_report(make_content(), tmp_path / "taken")


def test_a_report_with_hardly_anything_in_it(make_content):
    """One fold, no baseline, no threshold, no history, no mistake, no picture."""
    bare = ProtocolSection(
        result=ProtocolResult(
            protocol="U4",
            title="",
            unseen_people=True,
            figures={FigureName("auc"): Interval(mean=0.9, low=0.8, high=0.95)},
            recipe={"seed": 1},
        ),
        genuine=np.zeros(0),
        impostor=np.zeros(0),
        curves={},
    )
    content = dataclasses.replace(make_content(), sections=[bare], network=NetworkFacts())
    words = Page(report_html(content)).words
    assert "90.0 %" in words
    assert "There is no baseline to compare with." in words
    assert "seed 1" in words
    assert "Fold by fold" not in words


@pytest.fixture
def evaluated_page(make_content, evaluated_section):
    content = make_content()
    return Page(report_html(dataclasses.replace(content, sections=[evaluated_section])))


def test_a_saved_model_s_page_has_searches_and_groups(evaluated_page):
    for said in (
        "Open set: 5 of 10 people enrolled, the others strangers",
        "Strangers are identified as somebody in <40.2 %> of searches.",
        "DIR @ FPIR 5 %",
        "200 galleries",
        "By glasses <b>",
        "<i>yes</i>",
        "6,600",
        "yes</i>: 4 people, fewer than 10: too few to say anything.",
    ):
        assert said in evaluated_page.words, said
    titles = {words.strip() for words in evaluated_page.texts}
    assert {"CMC", "Open set: identification", "Open set: DET"} <= titles
    small = [attributes for attributes in evaluated_page.all("tr") if "small" in str(attributes)]
    assert len(small) == 1


def test_only_rates_that_can_be_compared_are_called_best(evaluated_page):
    """Three of six figures of the open set's two methods, and five of the pairs'."""
    best = [a for a in evaluated_page.all("td") if a.get("class") == "best"]
    assert len(best) == 5 + 2


def test_a_page_without_searches_has_none(page):
    assert "Open set" not in page.words
    assert "CMC" not in page.words


def test_one_evaluation_has_no_folds_to_speak_of(evaluated_page):
    assert "Threshold 0.800." in evaluated_page.words
    assert "fold's" not in evaluated_page.words
