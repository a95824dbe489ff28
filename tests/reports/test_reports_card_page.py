"""The card's page: it opens offline, and what it says of data is text."""

import re

import pytest

from likeness.errors import OutputError
from likeness.model.card import model_card
from likeness.reports.html import write_card_page

NASTY = "</title><script>alert(1)</script> `x<img src=a>`"
LEAKY = "leaky split: not valid for unseen people"


@pytest.fixture
def card(lab, unseen):
    """A card with a clean and a leaking result."""
    lab["counts"] = unseen["counts"]
    return model_card(
        {
            "fingerprint": "ab" * 32,
            "threshold": 0.5,
            "record": {"data": {"name": "lab", "licence": "free", "items": 4, "identities": ["a"]}},
            "about": {"results": [unseen, lab]},
        }
    )


def card_html(card, folder):
    return write_card_page(card, folder / "page.html").read_text("utf-8")


def test_everything_is_on_the_page(card, tmp_path):
    page = card_html(card, tmp_path)
    for said in ("What it must not be used for", "Threshold", "Limits", "no size is known"):
        assert said in page
    assert "<code>likeness evaluate</code>" in page
    assert page.count('<table class="figures">') == 2
    assert "The network loses to Fisherfaces" in page


def test_the_leaky_result_is_marked_and_the_clean_one_is_not(card, tmp_path):
    page = card_html(card, tmp_path)
    sections = re.findall(r'<section aria-labelledby="result-\d">.*?</section>', page, re.DOTALL)
    assert [section.count(LEAKY) for section in sections] == [0, 2]
    assert LEAKY not in page[: page.index("<main")]


def test_a_card_of_leaky_results_only_says_so_at_its_top(card, lab, tmp_path):
    leaky = model_card({"about": {"results": [lab]}})
    page = card_html(leaky, tmp_path)
    assert page.index(f'<p class="banner" role="note"><strong>{LEAKY}') < page.index("<main")
    assert f"<title>{LEAKY}: Model card" in page


def test_words_from_data_are_text(lab, tmp_path):
    lab["title"] = lab["data"] = NASTY
    lab["leak_report"]["sentences"] = [NASTY]
    about = {"name": NASTY, "licence": NASTY, "results": [lab]}
    record = {"data": {"name": NASTY, "licence": NASTY}}
    page = card_html(model_card({"about": about, "record": record}), tmp_path)
    assert "<script" not in page
    assert "<img" not in page
    assert "alert(1)" in page


def test_nothing_is_fetched(card, tmp_path):
    page = card_html(card, tmp_path)
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_it_is_written_whole_or_not_at_all(card, tmp_path):
    path = write_card_page(card, tmp_path / "card.html")
    assert path.read_text("utf-8").endswith("</html>")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="taken cannot be written: there is a folder"):
        write_card_page(card, tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.html", "taken"]
