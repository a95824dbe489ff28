"""The page in a real browser, in front of a real service: what people do, with drawn faces.

The encoder has random weights, so nothing here says how well faces are told apart: that is
`test_service_page_att.py`. A photo of the film is enrolled, and so it is recognised.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing.film import film, framed, jpeg
from browsing.service import Service, serving
from browsing.visit import Visit, serious_faults

from likeness.datasets import Dataset

HOSTILE = '<b>Bold</b> & "Co" <img src=x onerror=alert(1)>'
LONG = "Ö" + "long" * 49 + "end"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
VIEWS = {
    "door": ".empty-stage",
    "people": ".person",
    "enrol": ".drop",
    "compare": "#answer",
    "report": ".plot",
    "health": "section[aria-labelledby=audit] tbody tr",
}
"""Of each view, what is there once it is complete."""

PERSON = ".photo-row"

WATCHED_FETCH = """
const watched = { begun: [], underWay: 0, most: 0, answered: 0 };
window.watched = watched;
const realFetch = window.fetch;
window.fetch = async (address, options) => {
  const response = realFetch(address, options);
  if (!String(address).includes("/identify")) return response;
  watched.begun.push(performance.now());
  watched.underWay += 1;
  watched.most = Math.max(watched.most, watched.underWay);
  const whole = await (await response).clone().arrayBuffer();
  watched.underWay -= 1;
  watched.answered += whole.byteLength > 0;
  return response;
};
"""
"""Counts the requests for an identification where they are made: no event comes late there."""


@pytest.fixture(scope="module")
def service(drawn_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(drawn_model, tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(autouse=True)
def nobody_left(service: Service) -> Iterator[None]:
    yield
    service.forget_everybody()


@pytest.fixture(scope="module")
def camera(drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of the first person's first photo."""
    return film(tmp_path_factory.mktemp("film") / "one.mjpeg", [drawn.items[0]])


@pytest.fixture
def visit(
    visiting: Callable[..., Any], service: Service, camera: Path
) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens the page in a browser of its own."""
    open_now = []

    def opened(view: str = "door", *, role: str = "admin", **options: Any) -> Visit:
        browser = visiting(service.origin, camera, **options)
        visited = browser.__enter__()
        open_now.append(browser)
        visited.open(view, key=service.keys[role])
        visited.page.get_by_role("navigation").wait_for()
        return visited

    yield opened
    for browser in open_now:
        browser.__exit__(None, None, None)


def photo_file(photo: np.ndarray, name: str = "photo.jpg") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": jpeg(framed(photo))}


def group_file(drawn: Dataset, *codes: int) -> dict[str, Any]:
    """A photo of several people, side by side."""
    pictures = [framed(of_person(drawn, code, 0)) for code in codes]
    return {"name": "group.jpg", "mimeType": "image/jpeg", "buffer": jpeg(np.hstack(pictures))}


def of_person(drawn: Dataset, code: int, number: int) -> np.ndarray:
    """A drawn photo: the `number`-th of the person `code`."""
    found: np.ndarray = drawn.items[np.flatnonzero(drawn.codes == code)[number]]
    return found


def go(page: Any, title: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=title).click()
    page.get_by_role("heading", level=1, name=title).wait_for()


class TestSignIn:
    def test_the_key_lives_in_this_tab_and_signing_out_forgets_it(
        self, visit: Callable[..., Visit], service: Service
    ) -> None:
        visited = visit()
        page = visited.page
        assert service.keys["admin"] in page.evaluate("Object.values(sessionStorage)")
        assert page.evaluate("Object.values(localStorage).join() + document.cookie") == ""
        page.reload()  # the tab goes on without asking again
        page.get_by_role("heading", level=1, name="Door").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API key").wait_for()
        assert page.evaluate("sessionStorage.length") == 0
        assert page.get_by_role("navigation").count() == 0
        visited.check()

    def test_a_wrong_key_is_told_and_the_next_one_is_taken(
        self, visiting: Callable[..., Any], service: Service, camera: Path
    ) -> None:
        with visiting(service.origin, camera) as visited:
            page = visited.open("people", key="lk_1_" + "x" * 43)
            page.get_by_role("alert").wait_for()
            page.get_by_label("API key").fill(service.keys["viewer"])
            page.keyboard.press("Enter")
            page.get_by_role("heading", level=1, name="People").wait_for()
            visited.check(refused=1)

    @pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
    def test_what_the_role_may_not_do_is_not_shown(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset, role: str
    ) -> None:
        number = service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit(f"people/{number}", role=role)
        page = visited.page
        page.get_by_role("heading", name="Photos", exact=True).wait_for()
        visited.settled()
        assert role in page.get_by_role("banner").inner_text().split()

        def shown(name: str) -> bool:
            return page.get_by_role("button", name=name).count() > 0

        assert shown("Rename") == shown("Merge") == (role != "viewer")
        assert shown("Delete photo 1") == shown("Add these photos") == (role != "viewer")
        assert shown("Delete this person") == (role == "admin")
        go(page, "People")
        visited.main.get_by_text("1 person").wait_for()
        visited.settled()
        assert (page.get_by_role("link", name="Enrol somebody").count() > 0) == (role != "viewer")
        go(page, "Health")
        visited.settled()
        page.get_by_role("heading", name="Request times").wait_for()
        assert (page.get_by_role("heading", name="Audit log").count() > 0) == (role == "admin")
        visited.check()

    def test_a_service_without_keys_asks_for_none(
        self, drawn_model: Path, visiting: Callable[..., Any], camera: Path, tmp_path: Path
    ) -> None:
        with (
            serving(drawn_model, tmp_path, "--no-keys", keyed=False) as open_to_all,
            visiting(open_to_all.origin, camera) as visited,
        ):
            page = visited.open("people")
            page.get_by_role("link", name="Enrol somebody").wait_for()
            assert page.get_by_role("button", name="Sign out").count() == 0
            visited.check()


class TestDoor:
    def test_the_webcam_is_answered_steadily_and_can_be_paused(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset, shots: Path
    ) -> None:
        service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit()
        page = visited.page
        visited.main.get_by_text("There is no liveness detection.").wait_for()
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", level=3, name="Ada").wait_for()
        visited.main.get_by_text("frames a second").wait_for()
        said = page.get_by_role("region", name="Who it is").inner_text()
        for words in ("Recognised", "Probability", "Distance", "threshold", "Runner-up\nnobody"):
            assert words in said
        assert "Ada is nearest" in said
        box = page.locator(".box.known")
        box.wait_for()
        page.locator("#live", has_text="Ada.").wait_for(state="attached")
        page.screenshot(path=shots / "door.png")
        page.get_by_role("button", name="Pause").click()
        visited.main.get_by_text("paused").wait_for()
        face, stage = box.bounding_box(), page.locator(".stage").bounding_box()
        assert face and stage
        assert stage["x"] < face["x"] < face["x"] + face["width"] < stage["x"] + stage["width"]
        begun = visited.identifications
        page.wait_for_timeout(1000)  # a dozen frames, if the pause were none
        assert visited.identifications <= begun + 1  # the frame that was taken before the pause
        page.get_by_role("button", name="Resume").click()
        visited.main.get_by_text("frames a second").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Start the camera").wait_for()
        assert all(len(answer["faces"]) == 1 for answer in visited.answers)
        visited.check()

    def test_there_is_never_more_than_one_request_under_way(
        self, visit: Callable[..., Visit]
    ) -> None:
        visited = visit(init=WATCHED_FETCH)
        page = visited.page
        page.get_by_role("button", name="Start the camera").click()
        visited.until(lambda: page.evaluate("watched.answered") >= 20)
        assert page.evaluate("watched.most") == 1
        visited.check()

    def test_a_photo_is_answered_too_and_a_newcomer_can_be_enrolled_from_it(
        self, visit: Callable[..., Visit], drawn: Dataset
    ) -> None:
        visited = visit()
        page = visited.page
        chooser = page.get_by_label("Choose a photo")
        chooser.set_input_files(photo_file(of_person(drawn, 1, 0)))
        page.get_by_role("heading", level=3, name="Unknown").wait_for()
        visited.main.get_by_text("answered in").wait_for()
        page.get_by_role("button", name="Enrol as somebody new").click()
        dialog = page.get_by_role("dialog", name="Enrol somebody new")
        dialog.get_by_role("button", name="Enrol").click()
        dialog.get_by_text("A name is needed.").wait_for()
        dialog.get_by_label("Name").fill("Grace")
        dialog.get_by_role("button", name="Enrol").click()
        page.get_by_role("dialog", name="Enrolled").get_by_text("Grace is enrolled.").wait_for()
        page.get_by_role("button", name="Close the advice").click()
        chooser.set_input_files(photo_file(of_person(drawn, 1, 0)))
        page.get_by_role("heading", level=3, name="Grace").wait_for()
        visited.check()

    def test_an_answer_is_approved_as_a_further_photo(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        number = service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit(role="operator")
        page = visited.page
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("button", name="Approve as a further photo of Ada").click()
        page.get_by_role("dialog", name="Is this Ada?").get_by_role("img").wait_for()
        page.get_by_role("button", name="Yes, approve it").click()
        page.get_by_role("dialog", name="Enrolled").wait_for()
        page.get_by_role("button", name="Close the advice").click()
        visited.main.get_by_text("frames a second").wait_for()  # the door goes on by itself
        photos = service.ask("GET", f"/api/v1/people/{number}")["photos"]
        assert [photo["how"] for photo in photos] == ["enrolled", "approved"]
        visited.check()

    def test_a_picture_without_a_face_and_a_file_that_is_none(
        self, visit: Callable[..., Visit]
    ) -> None:
        visited = visit()
        page = visited.page
        chooser = page.get_by_label("Choose a photo")
        plain = {"name": "wall.jpg", "mimeType": "image/jpeg"}
        chooser.set_input_files({**plain, "buffer": jpeg(np.full((480, 640), 150, np.uint8))})
        visited.main.get_by_text("No face was found in this photo.").wait_for()
        chooser.set_input_files({**plain, "buffer": b"no photo at all"})
        page.get_by_role("alert").wait_for()
        visited.check(refused=1)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("NotAllowedError", "was not allowed to use the camera"),
            ("NotFoundError", "No camera was found"),
            ("NotReadableError", "in use by another program"),
        ],
    )
    def test_a_camera_that_gives_no_picture_is_told_in_words(
        self, visit: Callable[..., Visit], name: str, words: str
    ) -> None:
        refusing = (
            "navigator.mediaDevices.getUserMedia = async () => "
            f"{{ throw new DOMException('no', '{name}'); }};"
        )
        visited = visit(init=refusing)
        visited.page.get_by_role("button", name="Start the camera").click()
        visited.page.get_by_role("alert").get_by_text(words).wait_for()
        visited.page.get_by_role("button", name="Start the camera").wait_for()
        visited.check()

    def test_a_busy_service_is_asked_again_when_it_says(self, visit: Callable[..., Visit]) -> None:
        visited = visit(init=WATCHED_FETCH)
        page = visited.page
        busy, refused = [True], [0]

        def answer(route: Any) -> None:
            if not busy[0]:
                route.continue_()
                return
            refused[0] += 1
            problem = {"title": "Busy", "detail": "64 photos are waiting.", "instance": "ab12"}
            route.fulfill(status=503, headers={"Retry-After": "1"}, body=json.dumps(problem))

        page.route("**/api/v1/identify*", answer)
        page.get_by_role("button", name="Start the camera").click()
        alert = page.get_by_role("alert")
        alert.get_by_text("64 photos are waiting.").wait_for()
        visited.until(lambda: refused[0] >= 2)
        busy[0] = False
        alert.wait_for(state="detached")
        visited.main.get_by_text("frames a second").wait_for()
        first, second = page.evaluate("watched.begun")[:2]
        assert second - first >= 999  # milliseconds
        visited.check(refused=refused[0])


class TestPeople:
    def test_one_photo_enrols_and_the_advice_is_there_at_once(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        visited = visit("enrol", role="operator")
        page = visited.page
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("alert").get_by_text("A name is needed.").wait_for()
        page.get_by_label("Name").fill("Ada")
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("alert").get_by_text("A photo is needed.").wait_for()
        page.get_by_role("button", name="Use the camera").click()
        dialog = page.get_by_role("dialog", name="Take a photo")
        page.locator("dialog video:not(.waiting)").wait_for()
        dialog.get_by_role("button", name="Take the photo").click()
        page.get_by_role("img", name="Photo 1").wait_for()
        page.locator("input[type=file]").set_input_files(photo_file(of_person(drawn, 0, 1)))
        page.get_by_role("img", name="Photo 2").wait_for()
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("link", name="See Ada").wait_for()
        assert visited.main.get_by_text("Photo 1 is enrolled.").count() == 1
        assert visited.main.get_by_text("Photo 2 is enrolled.").count() == 1
        people = service.ask("GET", "/api/v1/people")["people"]
        assert [(person["name"], person["photos"]) for person in people] == [("Ada", 2)]
        visited.check()

    def test_a_taken_name_and_a_photo_without_a_face_are_told_and_change_nothing(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit("enrol")
        page = visited.page
        page.get_by_label("Name").fill("Ada")
        page.locator("input[type=file]").set_input_files(photo_file(of_person(drawn, 1, 0)))
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("alert").wait_for()
        page.get_by_role("button", name="Remove photo 1").click()
        page.get_by_label("Name").fill("Wall")
        wall = jpeg(np.full((480, 640), 150, np.uint8))
        page.locator("input[type=file]").set_input_files(
            {"name": "wall.jpg", "mimeType": "image/jpeg", "buffer": wall}
        )
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("alert").get_by_text("one face").wait_for()
        assert service.ask("GET", "/api/v1/people")["total"] == 1
        visited.check(refused=2)

    def test_rename_by_the_keyboard_and_an_error_that_goes(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        service.enrol("Eve", of_person(drawn, 1, 0))
        number = service.enrol("Ev", of_person(drawn, 0, 0))
        visited = visit(f"people/{number}")
        page = visited.page
        page.get_by_role("button", name="Rename").click()
        dialog = page.get_by_role("dialog", name="Rename")
        dialog.get_by_label("New name").wait_for()
        page.keyboard.type("e")  # the caret is at the end
        page.keyboard.press("Enter")
        dialog.get_by_role("alert").wait_for()
        page.keyboard.type("lyn")
        assert dialog.get_by_role("alert").count() == 0
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name="Evelyn").wait_for()
        visited.check(refused=1)

    def test_escape_keeps_a_receipt(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        number = service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit(f"people/{number}")
        page = visited.page
        page.get_by_role("button", name="Delete this person").click()
        page.get_by_role("button", name="Delete for good").click()
        receipt = page.get_by_role("dialog", name="Receipt")
        receipt.wait_for()
        for _ in range(3):
            page.keyboard.press("Escape")
        with page.expect_download():
            receipt.get_by_role("link", name="Download as JSON").click()
        page.get_by_role("button", name="Close the receipt").click()
        visited.main.get_by_text("Nobody is enrolled yet.").wait_for()
        visited.check()

    def test_the_cross_of_a_photo_covers_nothing_and_a_stale_error_goes(
        self, visit: Callable[..., Visit], drawn: Dataset
    ) -> None:
        visited = visit("enrol")
        page = visited.page
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("alert").get_by_text("A name is needed.").wait_for()
        page.get_by_label("Name").fill("Ada")
        assert page.get_by_role("alert").count() == 0
        page.locator("input[type=file]").set_input_files(photo_file(of_person(drawn, 0, 0)))
        picture = page.get_by_role("img", name="Photo 1")
        picture.wait_for()
        cross = page.get_by_role("button", name="Remove photo 1").bounding_box()
        shown = picture.bounding_box()
        assert (
            cross["y"] + cross["height"] <= shown["y"] or cross["x"] >= shown["x"] + shown["width"]
        )
        visited.check()

    def test_a_face_of_a_group_photo_is_enrolled_by_a_click(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        visited = visit("enrol")
        page = visited.page
        page.get_by_label("Name").fill("Grace")
        page.locator("input[type=file]").set_input_files(group_file(drawn, 0, 1))
        page.get_by_role("button", name="Enrol", exact=True).click()
        dialog = page.get_by_role("dialog", name="Whose face is it?")
        dialog.get_by_role("button", name="Face 2").click()
        page.get_by_role("link", name="See Grace").wait_for()
        go(page, "Door")
        page.get_by_label("Choose a photo").set_input_files(group_file(drawn, 0, 1))
        names = page.locator(".answer .answer-name")
        names.nth(1).wait_for()
        # In the order of the picture, with the number and the face itself.
        assert page.locator(".answer .verdict").nth(0).inner_text().startswith("Face 1")
        assert names.nth(1).inner_text() == "Grace"
        assert page.locator(".box-name").all_inner_texts()[1].startswith("2 · Grace")
        page.wait_for_function("document.querySelectorAll('.crop')[1].width > 20")
        visited.check(refused=1)

    def test_search_and_show_more(self, visit: Callable[..., Visit], service: Service) -> None:
        for number in range(30):
            body = json.dumps({"name": f"Person {number}", "metadata": {}}).encode()
            service.ask("POST", "/api/v1/people", body, kind="application/json")
        visited = visit("people")
        page = visited.page
        visited.main.get_by_text("30 people").wait_for()
        visited.settled()
        rows = page.locator(".person")
        assert rows.count() == 25
        page.get_by_role("button", name="Show more").click()
        rows.nth(29).wait_for()
        assert page.get_by_role("button", name="Show more").count() == 0
        page.get_by_label("Search by name").fill("person 2")
        visited.main.get_by_text("11 people with «person 2»").wait_for()
        assert rows.count() == 11
        page.get_by_label("Search by name").fill("nobody like this")
        visited.main.get_by_text("Nobody is called «nobody like this».").wait_for()
        visited.check()

    def test_rename_further_photo_merge_and_the_receipt_of_a_deletion(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset, shots: Path
    ) -> None:
        number = service.enrol("Ada", of_person(drawn, 0, 0))
        service.enrol("Ada again", of_person(drawn, 1, 0))
        visited = visit(f"people/{number}")
        page = visited.page
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("New name").fill("Ada Lovelace")
        page.get_by_role("dialog").get_by_role("button", name="Rename").click()
        page.get_by_role("heading", level=1, name="Ada Lovelace").wait_for()

        page.locator("input[type=file]").set_input_files(photo_file(of_person(drawn, 0, 1)))
        page.get_by_role("button", name="Add these photos").click()
        visited.main.get_by_text("The photo is enrolled.").wait_for()
        page.get_by_role("button", name="Delete photo 2").click()
        page.get_by_role("button", name="Delete for good").click()
        page.get_by_role("dialog", name="Receipt").get_by_text("Forgot a photo of").wait_for()
        page.get_by_role("button", name="Close the receipt").click()
        page.get_by_role("button", name="Delete photo 2").wait_for(state="detached")

        page.get_by_role("button", name="Merge into another person").click()
        dialog = page.get_by_role("dialog", name="Merge into another person")
        dialog.get_by_role("button", name="Merge").click()
        dialog.get_by_text("Choose the person first.").wait_for()
        dialog.get_by_role("radio", name="Ada again").check()
        dialog.get_by_role("button", name="Merge").click()
        page.get_by_role("heading", level=1, name="Ada again").wait_for()
        page.get_by_role("button", name="Delete photo 2").wait_for()

        page.get_by_role("button", name="Delete this person").click()
        page.get_by_role("button", name="Cancel").click()
        assert service.ask("GET", "/api/v1/people")["total"] == 1
        page.get_by_role("button", name="Delete this person").click()
        page.get_by_role("button", name="Delete for good").click()
        receipt = page.get_by_role("dialog", name="Receipt")
        receipt.get_by_text("Deleted, and verified to be gone.").wait_for()
        page.screenshot(path=shots / "receipt.png")
        with page.expect_download() as download:
            receipt.get_by_role("link", name="Download as JSON").click()
        document = json.loads(Path(download.value.path()).read_text())
        assert download.value.suggested_filename == f"receipt-{document['id']}.json"
        assert document["name"] == "Ada again"
        assert len(document["template_ids"]) == 2
        assert document["verified_absent"]
        page.get_by_role("button", name="Close the receipt").click()
        visited.main.get_by_text("Nobody is enrolled yet.").wait_for()
        visited.check()

    @pytest.mark.parametrize("name", [HOSTILE, LONG], ids=["markup", "long"])
    def test_no_name_breaks_the_page(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset, name: str
    ) -> None:
        number = service.enrol(name, of_person(drawn, 0, 0))
        visited = visit(**PHONE)
        page = visited.page
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", level=3, name=name, exact=True).wait_for()
        for view in ("door", "people", f"people/{number}", "health"):
            if view != "door":
                visited.open(view)
                page.locator(VIEWS.get(view, PERSON)).first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, view
            assert page.locator("main b, main img[src=x]").count() == 0
        visited.check()


class TestCompareAndReport:
    def test_two_photos_lie_on_the_distribution(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset, shots: Path
    ) -> None:
        visited = visit("compare")
        page = visited.page
        for side, photo in (("First", of_person(drawn, 0, 0)), ("Second", of_person(drawn, 0, 1))):
            group = page.get_by_role("group", name=f"{side} photo")
            group.locator("input").set_input_files(photo_file(photo))
        visited.main.get_by_text("One person", exact=True).wait_for()
        plot = page.locator(".plot svg")
        plot.scroll_into_view_if_needed()
        page.screenshot(path=shots / "compare.png")
        model = service.ask("GET", "/api/v1/model")
        shown = re.search(r"threshold ([\d.]+)", plot.text_content())
        assert shown
        assert float(shown[1]) == pytest.approx(model["threshold"], rel=1e-3)
        mark, line = (page.locator(f".{kind}-line line") for kind in ("mark", "threshold"))
        assert float(mark.get_attribute("x1")) < float(line.get_attribute("x1"))
        page.get_by_role("group", name="Second photo").locator("input").set_input_files(
            photo_file(of_person(drawn, 2, 0))
        )
        visited.main.get_by_text("Two people", exact=True).wait_for()
        assert float(mark.get_attribute("x1")) > float(line.get_attribute("x1"))
        visited.check()

    def test_a_model_without_a_histogram_says_so(
        self, visit: Callable[..., Visit], service: Service
    ) -> None:
        old = {**service.ask("GET", "/api/v1/model"), "energies": None}
        visited = visit()
        page = visited.page
        page.route("**/api/v1/model", lambda route: route.fulfill(json=old))
        go(page, "Report")
        visited.main.get_by_text("This model has no histogram of distances").wait_for()
        assert page.locator(".plot").count() == 0
        visited.check()

    def test_the_report_says_what_the_threshold_promises_and_shows_the_card(
        self, visit: Callable[..., Visit], service: Service
    ) -> None:
        model = service.ask("GET", "/api/v1/model")
        visited = visit("report")
        page = visited.page
        page.locator(".plot").wait_for()
        said = page.get_by_role("main").inner_text()
        assert model["fingerprint"] in said
        assert "of strangers are accepted, at most, against 3 people" in said
        page.locator("summary", has_text="In full").click()
        for sentence in model["calibration"]["sentences"]:
            assert sentence.split("`")[0] in page.get_by_role("main").inner_text()
        card = page.get_by_role("region", name="Model card")
        titles = re.findall(r"^## (.*)$", model["card_text"], re.MULTILINE)
        assert card.get_by_role("heading", level=3).all_inner_texts() == titles
        assert "**" not in card.inner_text()
        visited.check()

    def test_health_tells_state_times_and_what_was_done(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit("health")
        page = visited.page
        visited.main.get_by_text("Ready", exact=True).wait_for()
        visited.settled()
        fingerprint = service.ask("GET", "/api/v1/model")["fingerprint"]
        assert fingerprint[:12] in page.get_by_role("region", name="State").inner_text()
        times = page.get_by_role("region", name="Request times").first
        assert "/enrol" in times.inner_text()
        audit = page.get_by_role("region", name="Audit log").first
        audit.locator("tbody tr", has_text="enrolled").first.wait_for()
        assert "Ada" not in audit.inner_text()
        visited.check()


class TestEverybody:
    def test_the_keyboard_alone_is_enough(
        self, visit: Callable[..., Visit], service: Service, drawn: Dataset
    ) -> None:
        number = service.enrol("Ada", of_person(drawn, 0, 0))
        visited = visit(f"people/{number}")
        page = visited.page
        page.get_by_role("button", name="Rename").wait_for()
        page.keyboard.press("Tab")
        remove = page.get_by_role("button", name="Delete this person")
        remove.focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        for _ in range(6):  # the focus goes round inside the dialog, or to the browser's own bar
            page.keyboard.press("Tab")
            inside = "document.activeElement.closest('dialog') || document.activeElement.tagName"
            assert page.evaluate(f"Boolean({inside}) && !document.activeElement.closest('main')")
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        assert remove.evaluate("button => button === document.activeElement")
        go(page, "Compare")
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert page.title().startswith("Compare")
        visited.check()

    def test_skipping_to_the_content_leaves_the_view_as_it_is(
        self, visit: Callable[..., Visit]
    ) -> None:
        visited = visit("report")
        page = visited.page
        page.locator(".plot").wait_for()
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        visited.until(lambda: page.evaluate("document.activeElement.id") == "content")
        visited.until(lambda: page.evaluate("location.hash") == "#content")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        assert page.get_by_role("heading", level=1).inner_text() == "Report"
        visited.check()

    def test_the_colours_follow_the_device_until_somebody_chooses(
        self, visit: Callable[..., Visit]
    ) -> None:
        visited = visit(color_scheme="dark")
        page = visited.page
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Light colours").click()
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark != light
        page.reload()
        page.get_by_role("button", name="Dark colours").wait_for()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light
        visited.check()

    def test_a_revoked_key_leads_back_to_the_sign_in(self, visit: Callable[..., Visit]) -> None:
        visited = visit()
        page = visited.page
        problem = {"title": "Unknown key", "detail": "expected a valid key."}
        page.route(
            "**/api/v1/people*",
            lambda route: route.fulfill(status=401, body=json.dumps(problem)),
        )
        page.get_by_role("navigation").get_by_role("link", name="People").click()
        visited.main.get_by_text("The key is no longer valid.").wait_for()
        assert page.evaluate("sessionStorage.length") == 0
        visited.check(refused=1)

    @pytest.mark.slow
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
    def test_axe_finds_no_serious_fault(  # noqa: PLR0917  pytest gives them by name
        self,
        visit: Callable[..., Visit],
        visiting: Callable[..., Any],
        service: Service,
        camera: Path,
        drawn: Dataset,
        shots: Path,
        scheme: str,
        device: dict[str, Any],
    ) -> None:
        number = service.enrol(HOSTILE, of_person(drawn, 0, 0))
        service.enrol("Grace", of_person(drawn, 2, 0))
        name = f"{scheme}-{'phone' if device else 'desktop'}"
        found: dict[str, list[str]] = {}

        def look(page: Any, view: str) -> None:
            page.screenshot(path=shots / f"{view}-{name}.png")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found[view] = serious_faults(page) + ([f"{wide} pixels too wide"] if wide > 0 else [])

        with visiting(service.origin, camera, color_scheme=scheme, **device) as stranger:
            page = stranger.open()
            page.get_by_label("API key").wait_for()
            look(page, "sign-in")
        visited = visit(color_scheme=scheme, **device)
        page = visited.page
        for view, complete in (VIEWS | {f"people/{number}": PERSON}).items():
            visited.open(view)
            page.locator(complete).first.wait_for()
            look(page, view.replace("/", "-"))
        for words in ("Rename", "Merge into another person", "Delete this person"):
            page.get_by_role("button", name=words).click()
            page.get_by_role("dialog").wait_for()
            if words.startswith("Merge"):
                page.get_by_role("radio").first.wait_for()
            look(page, words.split()[0].lower())
            page.keyboard.press("Escape")
        go(page, "Door")
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".box").wait_for()
        page.get_by_role("button", name="Pause").click()
        look(page, "door-answered")
        go(page, "Compare")
        for side in ("First", "Second"):
            group = page.get_by_role("group", name=f"{side} photo")
            group.locator("input").set_input_files(photo_file(of_person(drawn, 0, 0)))
        page.locator(".plot").wait_for()
        look(page, "compared")
        assert {view: faults for view, faults in found.items() if faults} == {}
        visited.check()


@pytest.fixture(scope="module")
def call(
    visiting: Callable[..., Any], service: Service, camera: Path
) -> Iterator[Callable[..., Any]]:
    """Return a function that runs code of a module of the page, in the page."""
    with visiting(service.origin, camera) as visited:
        page = visited.open()

        def called(module: str, code: str, *values: Any) -> Any:
            script = f"async (values) => {{ const m = await import('/page/{module}.js'); "
            return page.evaluate(f"{script}return {code}; }}", list(values))

        yield called


class TestModules:
    """Formulas of the page, run where they run."""

    @pytest.mark.parametrize(
        ("share", "words"),
        [
            (0.0, "0 %"),
            (0.00001, "< 0.1 %"),
            (0.0123, "1.2 %"),
            (0.5, "50 %"),
            (0.9949, "99.5 %"),
            (0.99999, "> 99.9 %"),
            (1.0, "100 %"),
        ],
    )
    def test_shares_are_never_rounded_to_certainty(
        self, call: Callable[..., Any], share: float, words: str
    ) -> None:
        assert call("words", "m.percent(values[0])", share) == words

    def test_the_share_below_an_energy_is_that_of_the_counts(
        self, call: Callable[..., Any]
    ) -> None:
        rng = np.random.default_rng(0)
        edges = np.cumsum(rng.uniform(0.1, 1, 13))
        counts = rng.integers(0, 50, 12)
        spread = np.concatenate([[0], np.cumsum(counts)])
        for value in rng.uniform(edges[0] - 1, edges[-1] + 1, 30):
            found = call(
                "distribution",
                "m.below(...values)",
                edges.tolist(),
                counts.tolist(),
                float(value),
            )
            expected = np.interp(value, edges, spread) / counts.sum()
            assert found == pytest.approx(expected, abs=1e-12)

    def test_markdown_becomes_elements_and_nothing_else_does(
        self, call: Callable[..., Any]
    ) -> None:
        text = (
            "# A \\*card\\*\n\n- one: **two \\<b\\>**\n- `code <i>`\n\n> **quoted**\n\n"
            "| a | b\\|c |\n| --- | ---: |\n| 1 | <script>x</script> |\n\n"
            "[link](javascript:alert(1)) ![x](y) &amp; <img src=x onerror=alert(1)>\n"
        )
        code = (
            "(() => { const place = document.createElement('div'); "
            "place.append(...m.markdown(values[0])); "
            "return {text: place.textContent, "
            "tags: [...place.querySelectorAll('*')].map((node) => node.tagName).join(' ')}; })()"
        )
        made = call("markdown", code, text)
        assert made["tags"] == (
            "H2 UL LI STRONG LI CODE BLOCKQUOTE STRONG DIV TABLE THEAD TR TH TH TBODY TR TH TD P"
        )
        for words in ("A *card*", "two <b>", "code <i>", "b|c", "<script>x</script>", "& <img"):
            assert words in made["text"]

    @pytest.mark.parametrize("last", [0, 1, 2, 25, 26, 63, 64, 1000])
    def test_the_audit_log_is_read_from_its_end(self, call: Callable[..., Any], last: int) -> None:
        code = (
            "(async () => { let asked = 0; const log = new m.AuditLog(async ({after, limit}) => { "
            "asked += 1; const all = Array.from({length: values[0]}, (_, i) => ({number: i + 1})); "
            "return all.filter(({number}) => number > after).slice(0, limit); }); const read = []; "
            "while (log.more) read.push(...(await log.earlier()).map(({number}) => number)); "
            "return {read, asked}; })()"
        )
        found = call("audit_log", f"await {code}", last)
        assert found["read"] == list(range(last, 0, -1))
        assert found["asked"] <= 25 + last / 25

    def test_request_times_are_read_from_the_measurements(self, call: Callable[..., Any]) -> None:
        text = "\n".join(
            [
                "# HELP t Seconds.",
                't_bucket{method="GET",route="/a",le="0.1"} 8',
                't_bucket{method="GET",route="/a",le="0.5"} 9',
                't_bucket{method="GET",route="/a",le="+Inf"} 10',
                't_sum{method="GET",route="/a"} 2.5',
                't_count{method="GET",route="/a"} 10',
                't_count{method="GET",route="/never"} 0',
                'other_count{method="GET",route="/b"} 3',
            ]
        )
        assert call("prometheus", "m.requestTimes(values[0], 't')", text) == [
            {"route": "GET /a", "count": 10, "mean": 250, "slow": 500}
        ]
