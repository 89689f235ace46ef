"""An index is filled in the background."""

import asyncio
import itertools

from microkit.errors import StoreError
from microkit.filling import fill


async def test_chunks_take_a_tenth_of_the_time_and_an_error_is_logged(caplog):
    loop, ends, third = asyncio.get_running_loop(), [], asyncio.Event()

    async def chunk() -> bool:
        await asyncio.sleep(0.02)
        ends.append(loop.time())
        if len(ends) < 3:
            return True
        third.set()
        raise StoreError("the disk is full")

    filling = asyncio.create_task(fill("words", chunk))
    await third.wait()
    await asyncio.sleep(0)
    assert min(later - earlier for earlier, later in itertools.pairwise(ends)) >= 0.02 * 9
    assert "index of words: the disk is full; trying again later" in caplog.text
    filling.cancel()
