"""Publishes videos as a replica of videoservice until it is killed, in the middle of a transaction.

Prints the id of each video that is acknowledged, and `open` when a transaction has written a video
and is not going to commit it.
"""

import asyncio
import sys
from typing import NoReturn

from playhouse.pwasyncio import await_

from microkit.config import load
from microkit.storage.database import Transaction, open_database
from microkit.storage.settings import SqlSettings
from videomicro import SERVICE
from videomicro.dal.model import Video
from videomicro.dal.version import tick
from videomicro.dal.video import Videos


def publish_for_ever(transaction: Transaction) -> NoReturn:
    row = {"author_id": 0, "title": "open", "play_url": "p", "cover_url": "c"}
    transaction.write(Video.insert(row, created_ms=tick(transaction)))
    print("open", flush=True)
    await_(asyncio.Event().wait())
    raise AssertionError("it is killed before")


async def main(author: int, count: int) -> None:
    async with open_database(load(SqlSettings), SERVICE.migrations()) as database:
        videos = Videos(database)

        async def caller() -> None:
            for _ in range(count):
                print(await videos.create(author, "acknowledged", "p", "c"), flush=True)

        await asyncio.gather(*(caller() for _ in range(3)))
        await database.transaction(publish_for_ever)


asyncio.run(main(*map(int, sys.argv[1:])))
