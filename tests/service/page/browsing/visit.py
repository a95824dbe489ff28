"""A page that is watched, and what axe-core says to it."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

from browsing.service import PATIENCE


class Visit:
    """A page that is watched: what it says to the console, and whom it asks."""

    def __init__(self, page: Any, origin: str) -> None:
        self.page, self.origin = page, origin
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.identifications = 0
        self.answers: list[dict[str, Any]] = []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def open(self, view: str = "", *, key: str | None = None) -> Any:
        """Open a view, signed in with a key if one is given."""
        self.page.goto(f"{self.origin}/#/{view}")
        if key is not None:
            self.page.get_by_label("API key").fill(key)
            self.page.get_by_role("button", name="Sign in").click()
        return self.page

    @property
    def main(self) -> Any:
        """The view. What it says is said again outside of it, for screen readers (`#live`)."""
        return self.page.get_by_role("main")

    def until(self, condition: Callable[[], bool]) -> None:
        """Go on browsing until a condition holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            self.page.wait_for_timeout(50)

    def settled(self) -> None:
        """Wait until the view has all that it asked for."""
        self.page.locator(".view:not([aria-busy])").wait_for()

    def check(self, *, refused: int = 0) -> None:
        """Raise if anything went wrong, but for so many requests that were to be refused."""
        # The console's messages may come after the page has drawn what they are about.
        self.until(lambda: len(self._refusals()) >= refused)
        told = self._refusals()
        assert len(told) == refused, self.faults
        assert [fault for fault in self.faults if fault not in told] == []
        assert self.elsewhere == []
        self.faults.clear()

    def _refusals(self) -> list[str]:
        return [fault for fault in self.faults if "the server responded with a status of" in fault]

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.removeprefix("blob:").startswith(f"{self.origin}/"):
            self.elsewhere.append(request.url)
        self.identifications += "/identify" in request.url

    def _answered(self, response: Any) -> None:
        if "/identify" in response.url and response.ok:
            with contextlib.suppress(Exception):  # the page was left before it was read
                self.answers.append(response.json())


def serious_faults(page: Any) -> list[str]:
    """What axe-core finds serious or critical on the page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {[node['html'] for node in fault['nodes']][:3]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
