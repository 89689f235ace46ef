"""Inserts rows concurrently until it is killed; prints the name of each acknowledged row."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from peewee import BigIntegerField, CharField, Model

from microkit.config import load
from microkit.storage.database import open_database
from microkit.storage.settings import SqlSettings


class Account(Model):
    name = CharField(unique=True)
    balance = BigIntegerField(default=0)


async def main(run: str) -> None:
    settings = load(SqlSettings)
    async with open_database(settings, Path(os.environ["MIGRATIONS"])) as database:

        async def caller(number: int) -> None:
            for n in itertools.count():
                name = f"{run} {number} {n}"
                await database.write(Account.insert(name=name))
                print(name, flush=True)

        await asyncio.gather(*map(caller, range(16)))


asyncio.run(main(sys.argv[1]))
