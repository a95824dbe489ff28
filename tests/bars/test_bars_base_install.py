"""What ``pip install .`` alone brings: small enough, and it looks for faces. Needs an index."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.datasets import Dataset
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.tasks.signatures.dataset import drawn_signatures

pytestmark = pytest.mark.slow

MOST_BYTES = 430 * 2**20
PROJECT = Path(__file__).parents[2]
INSTALLERS = {"pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel"}
NEVER = ("keras", "tensorflow", "scipy", "sklearn", "matplotlib")


def in_new(python: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [python, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )


def disk_bytes(packages: Path) -> int:
    """Return what the packages take on the disk, less the installer's own."""
    own = [entry for entry in packages.iterdir() if entry.name.split("-")[0] not in INSTALLERS]
    files = [file for entry in own for file in (entry, *entry.rglob("*")) if file.is_file()]
    return sum(file.stat().st_blocks * 512 for file in files)


@pytest.mark.skipif(sys.platform != "linux", reason="the bar is for Linux")
def test_it_is_small_and_finds_faces(
    tmp_path: Path, faces: Dataset, small_onnx: Callable[..., bytes]
) -> None:
    venv.create(tmp_path / "new", with_pip=True)
    python = tmp_path / "new" / "bin" / "python"
    in_new(python, "-m", "pip", "install", "--quiet", str(PROJECT), cwd=tmp_path)
    (packages,) = (tmp_path / "new" / "lib").glob("python3*/site-packages")
    print(f"\ninstalled: {disk_bytes(packages) / 2**20:.0f} MiB")
    assert disk_bytes(packages) <= MOST_BYTES
    assert not any((packages / name).exists() for name in NEVER)

    (tmp_path / "small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    model = tmp_path / "model"
    import_model(tmp_path / "small.onnx", model, preparation=preparation, licence="MIT")
    SavedModel.read(model).store_calibration(threshold=1e-4, calibration={})
    for code in range(faces.codes.max() + 1):
        one = int(np.flatnonzero(faces.codes == code)[0])
        person = tmp_path / "photos" / f"person-{code}"
        person.mkdir(parents=True)
        Image.fromarray(faces.items[one][..., 0]).save(person / "1.png")
    options = ("--gallery", "staff.db", "--model", "model", "--faces", "haar", "--json", "-")
    told = in_new(python, "-m", "likeness", "enrol", "photos", *options, cwd=tmp_path)
    enrolled = json.loads(told.stdout)
    assert enrolled["added"] >= 4
    photo = f"photos/{enrolled['people'][0]}/1.png"
    told = in_new(python, "-m", "likeness", "identify", photo, *options, cwd=tmp_path)
    assert json.loads(told.stdout)["answers"][0]["name"] == enrolled["people"][0]

    # A model comes along, too.
    signature = drawn_signatures(writers=2, names=1, media=2).items[0]
    for name in ("a.png", "b.png"):
        Image.fromarray(signature[..., 0]).save(tmp_path / name)
    words = ("compare", "a.png", "b.png", "--task", "signatures", "--json", "-")
    told = in_new(python, "-m", "likeness", *words, cwd=tmp_path)
    assert json.loads(told.stdout)["task"] == "signatures"
