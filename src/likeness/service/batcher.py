"""`Batcher`: items that wait are processed together, in one thread beside the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects items while a thread processes the last batch; they are the next one.

    A single item is processed at once. Under load the batches grow, up to ``most`` items.

    Args:
        work: from items to as many results, in order; an exception among the results is raised
            to the caller of its item, and a raised one to all callers of the batch.
        most: items in a batch, 1 or more.
        name: of the thread.
        on_batch: is given the size of each batch.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        most: int,
        name: str,
        on_batch: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._work = work
        self._most = most
        self._on_batch = on_batch
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """Return the result of an item; an item whose caller is cancelled in time is left out."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next()
                if not batch:
                    continue
                self._on_batch(len(batch))
                items = [item for item, _ in batch]
                try:
                    results = await loop.run_in_executor(self._thread, self._work, items)
                except Exception as error:
                    results = [error] * len(batch)
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():  # its caller was cancelled
                        continue
                    if isinstance(result, Exception):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._running = None

    def _next(self) -> list[tuple[Item, "asyncio.Future[Result]"]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._most:
            item, future = self._waiting.popleft()
            if not future.done():
                batch.append((item, future))
        return batch

    async def close(self) -> None:
        """Process what waits; end the thread."""
        while self._running is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._running)
        self._thread.shutdown(wait=True)
