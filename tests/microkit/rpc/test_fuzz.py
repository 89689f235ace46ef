"""Random and mutated bytes at a live server, for a bounded time."""

import asyncio
import os
import random
import time

import idl
from microkit.rpc.contract import Contract, DecodeError
from microkit.rpc.transport import ProtocolError, Reader, Transport

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
            case 2:
                del changed[at:]
            case 3:
                changed[at:at] = chance.randbytes(chance.randint(1, 40))
            case 4:
                del changed[at : at + chance.randint(1, 9)]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def samples(call) -> list[bytes]:
    texts = [call(7, transport) for transport in Transport]
    texts += [
        call(name="UpdateVideoMethod", id=1, title="标题" * 9, transport=transport)
        for transport in Transport
    ]
    return [
        *texts,
        call(name="GetVideoSetByIdSetMethod", id_set=[1, 2, 3], transport=Transport.UNFRAMED),
    ]


async def test_a_server_lives_on_whatever_it_is_sent(rig, call, result):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    texts, until = samples(call), time.monotonic() + SECONDS
    sent = 0
    while time.monotonic() < until:
        data = mutated(chance.choice(texts), chance)
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
        try:
            writer.write(data)
            writer.write_eof()
            async with asyncio.timeout(5):
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()
        sent += 1
    assert sent > 50
    answer = await (await rig.connect()).ask(call(1))
    assert result(answer).author_id == 1, f"seed {seed}"
    tasks = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
    assert "Connection._serve" not in tasks, f"seed {seed}"


def test_mutated_bytes_are_an_error_or_a_struct_and_nothing_else(call):
    contract = Contract(idl.load("videomicro"))
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    texts, until = samples(call), time.monotonic() + SECONDS
    while time.monotonic() < until:
        data = mutated(chance.choice(texts), chance)
        try:
            for message in Reader(1 << 20).feed(data):
                method = contract.methods().get(message.name)
                if method:
                    method.arguments.decode(message.body, message.start)
        except (ProtocolError, DecodeError):
            pass
        except Exception as error:
            raise AssertionError(f"seed {seed}: {data.hex()}") from error
