"""Our own picture of the network."""

from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from likeness.errors import OutputError, SettingError
from likeness.reports import LayerBox, TowerPicture
from likeness.reports.network_picture import BOX_WIDTH, WIDTH


def box(name="block_1", kind="convolution", shape=(None, 28, 23, 16), parameters=160):
    return LayerBox(name=name, kind=kind, output_shape=shape, parameters=parameters)


def picture(layers=None, **changes):
    values = {
        "title": "SiameseNet: two towers",
        "input_shape": (56, 46, 1),
        "layers": [box(), box("embedding", "dense", (None, 64), 0)] if layers is None else layers,
        "embedding_size": 64,
        "energy": "squared_euclidean",
        "parameters": 160,
        **changes,
    }
    return TowerPicture(**values)


def height(path):
    with Image.open(path) as image:
        return image.height


def written(shown):
    """What is written in the picture."""
    return [text.get_text() for text in shown._figure().axes[0].texts]


def test_it_writes_a_png_and_an_svg(tmp_path):
    png, svg = picture().draw(tmp_path / "new")
    assert (png.name, svg.name) == ("siamese.png", "siamese.svg")
    with Image.open(png) as image:
        image.load()
        assert image.width >= 1200
        corner = np.asarray(image.convert("RGB"))[0, 0]
    assert corner.tolist() == [255, 255, 255]  # a light background, in dark pages too
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert sorted(path.name for path in png.parent.iterdir()) == ["siamese.png", "siamese.svg"]


def test_another_stem(tmp_path):
    png, svg = picture().draw(tmp_path, stem="fold0")
    assert (png.name, svg.name) == ("fold0.png", "fold0.svg")


def test_equal_pictures_give_equal_bytes(tmp_path):
    first = picture().draw(tmp_path / "a")
    second = picture().draw(tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_matplotlib_s_settings_are_as_before():
    before = dict(matplotlib.rcParams)
    picture().svg()
    assert dict(matplotlib.rcParams) == before


def test_everything_that_the_network_is_made_of_is_there_twice_and_the_weights_once():
    words = written(picture())
    for twice in ("block_1", "convolution", "(n, 28, 23, 16)", "(n, 56, 46, 1)", "(n, 64)"):
        assert words.count(twice) >= 2, twice
    assert {"left photo", "right photo", "same weights"} <= set(words)
    assert words.count("160 weights") == 1
    assert "160 in all, one encoder" in words
    assert "squared Euclidean energy" in words
    assert "one number per pair  (n,)" in words


def test_layers_without_weights_are_not_linked():
    words = written(picture([box(parameters=0)], parameters=0))
    assert not [text for text in words if text.endswith(" weights") and text[0].isdigit()]


def test_forty_layers_stay_apart_and_long_names_are_cut(tmp_path):
    layers = [box(f"block_{i}_" + "long" * 20, "convolution, " * 9) for i in range(40)]
    forty = picture(layers)
    png, _ = forty.draw(tmp_path)
    few, _ = picture().draw(tmp_path / "few")
    assert height(png) > 2 * height(few)
    names = [text for text in written(forty) if text.startswith("block_")]
    assert len(names) == 80
    assert all(name.endswith("…") for name in names)


def test_no_word_leaves_its_box():
    layers = [box("w" * 60, "m" * 80, (None, 123456, 123456, 123456), 10**9) for _ in range(3)]
    figure = picture(layers, title="W" * 200)._figure()
    renderer = figure.canvas.get_renderer()
    for text in figure.axes[0].texts:
        extent = text.get_window_extent(renderer)
        assert extent.x0 >= 0
        assert extent.x1 <= WIDTH * figure.dpi
        if text.get_text().startswith(("w", "m")):
            assert extent.width <= BOX_WIDTH * figure.dpi


def test_dollars_and_angle_brackets_in_names_are_letters():
    ElementTree.fromstring(picture([box("$x$ <script> & $", "$\\frac{$")]).svg())


@pytest.mark.parametrize("count", [0, 61])
def test_too_few_or_too_many_layers(count):
    with pytest.raises(SettingError, match=f"expected 1 to 60 boxes. Received: {count}"):
        picture([box()] * count)


def test_a_picture_is_frozen():
    assert picture([box()]).layers == (box(),)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(OutputError, match=r"siamese\.png, siamese\.svg\) cannot be written"):
        picture().draw(tmp_path / "out")
