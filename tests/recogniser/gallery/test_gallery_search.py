"""Search through a gallery: the same exact answers from every store."""

import numpy as np
import pytest

from likeness.energies import ENERGY_NAMES, energy_matrix
from likeness.errors import DataError, SettingError
from likeness.recogniser.gallery import Gallery, GalleryKey, NewTemplate, create_gallery
from likeness.recogniser.gallery.records import Candidate

from ...conftest import Server
from .conftest import model_of, photo_of, vector_of


def filled(place: str, energy: str, vectors: np.ndarray, *, key: GalleryKey | None = None):
    gallery = create_gallery(place, model_of(energy, dimensions=vectors.shape[1]), key=key)
    people: dict[str, list[NewTemplate]] = {}
    for number, vector in enumerate(vectors):
        template = NewTemplate(vector=vector, photo_digest=f"{number:064x}")
        people.setdefault(f"person {number % 40}", []).append(template)
    gallery.enrol_many(people)
    return gallery


def answers(gallery: Gallery, probes: np.ndarray, k: int) -> list[list[tuple[str, float]]]:
    return [[(one.name, one.energy) for one in answer] for answer in gallery.search(probes, k=k)]


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_every_store_answers_as_the_formula(energy: str, place: str) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((120, 6)).astype(np.float32)
    vectors[7] = 0
    probes = rng.standard_normal((70, 6))
    with filled(place, energy, vectors) as gallery:
        matrix = energy_matrix(energy, probes, vectors)
        found = answers(gallery, probes, 4)
        everything = gallery.energies(probes)
    for line, answer in zip(matrix, found, strict=True):
        each = sorted((line[who::40].min(), f"person {who}") for who in range(40))[:4]
        assert answer == [(name, pytest.approx(energy)) for energy, name in each]
    by_owner = [np.sort(line) for line in everything.energies]
    assert np.allclose(by_owner, [np.sort(line) for line in matrix])
    assert everything.energies.shape == (70, 120)
    assert np.unique(everything.person_ids, return_counts=True)[1].tolist() == [3] * 40


def test_candidates_carry_the_energies_of_all_their_templates(gallery: Gallery) -> None:
    gallery.enrol("Ada", [photo_of("a"), photo_of("b")])
    gallery.enrol("Bob", [photo_of("c")])
    gallery.approve("Ada", photo_of("d"))
    ((ada, bob),) = gallery.search(vector_of("a")[None])
    expected = energy_matrix(
        "euclidean", vector_of("a")[None], np.array([vector_of(name) for name in "abd"])
    )[0]
    assert isinstance(ada, Candidate)
    assert (ada.name, ada.template_ids) == ("Ada", (1, 2, 4))
    assert ada.energies == pytest.approx(tuple(expected))
    assert ada.energy == min(ada.energies)
    assert bob.template_ids == (3,)


def test_a_sealed_gallery_on_a_server_is_searched_in_the_process(server: Server) -> None:
    rng = np.random.default_rng(6)
    vectors = rng.standard_normal((80, 6)).astype(np.float32)
    probes = rng.standard_normal((3, 6))
    place, key = server.schema(), GalleryKey.generate()
    with (
        filled(":memory:", "cosine", vectors) as plain,
        filled(place, "cosine", vectors, key=key) as sealed,
    ):
        assert answers(sealed, probes, 5) == answers(plain, probes, 5)
        with sealed.store.database.engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(vector) FROM templates").scalar()
        assert count == 0
        with pytest.raises(SettingError, match="plain gallery on a PostgreSQL server"):
            sealed.build_index()


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_hnsw_is_a_choice(energy: str, server: Server) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((200, 6)).astype(np.float32)
    probes = rng.standard_normal((10, 6))
    with filled(server.schema(), energy, vectors) as gallery:
        with pytest.raises(SettingError, match=r"^approximate: expected .* `build_index\(\)`"):
            gallery.search(probes, approximate=100)
        exact = answers(gallery, probes, 3)
        gallery.build_index()
        assert answers(gallery, probes, 3) == exact
        found = gallery.search(probes, k=3, approximate=200)
        right = sum(
            one.name == name
            for answer, line in zip(found, exact, strict=True)
            for one, (name, _) in zip(answer, line, strict=True)
        )
        assert right >= 24  # of 30: it may miss some, and does not miss most


def test_hnsw_is_not_for_the_embedded_store() -> None:
    with (
        create_gallery(":memory:", model_of()) as gallery,
        pytest.raises(SettingError, match=r"^approximate: expected a gallery on a PostgreSQL"),
    ):
        gallery.search(np.zeros((1, 8)), approximate=40)


@pytest.mark.parametrize(
    "probes",
    [np.zeros((1, 7)), np.zeros(8), np.full((1, 8), np.nan), np.full((1, 8), 1e300)],
)
def test_probes_must_fit(gallery: Gallery, probes: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"^probes: expected"):
        gallery.search(probes)


@pytest.mark.parametrize("k", [0, 1001, 2.5])
def test_k_must_fit(gallery: Gallery, k: int) -> None:
    with pytest.raises(SettingError, match=r"^k: expected a whole number"):
        gallery.search(np.zeros((1, 8)), k=k)
