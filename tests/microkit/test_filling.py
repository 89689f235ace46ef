"""An index is filled in the background."""

import asyncio
from contextlib import suppress

from microkit.errors import StoreError
from microkit.filling import fill


async def test_chunks_take_a_tenth_of_the_time(caplog):
    ends: list[float] = []
    loop = asyncio.get_running_loop()

    async def chunk() -> bool:
        await asyncio.sleep(0.05)
        ends.append(loop.time())
        if len(ends) == 3:
            raise StoreError("the disk is full")
        return True

    with suppress(TimeoutError):
        async with asyncio.timeout(1.5):
            await fill(chunk)
    pauses = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    assert len(ends) == 3  # after an error it waits for minutes
    assert min(pauses) >= 0.05 * 10
    assert "the disk is full; will be continued" in caplog.text
