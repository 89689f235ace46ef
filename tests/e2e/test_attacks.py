"""Every attack of ``scripts/attack``, for a moment each: nothing ends, memory stays bounded."""

import pytest
from e2e.apk import Apk, opened

from scripts.benchmark.system import System as Watched
from scripts.endurance.attack import table
from scripts.endurance.attacks import ATTACKS
from scripts.endurance.clients import Clients
from scripts.endurance.siege import Siege

SECONDS = 0.5
RATE = 20.0
# At most, of each process, the kernel's share of its pages included. The API may hold 128 MiB of
# unread answers, a service one message of 16 MiB per call and eight of unread replies.
MIB = {"api": 320.0, "redis": 64.0, "child": 1024.0}
SERVICE_MIB = 320.0


@pytest.mark.timeout(900)
async def test_attacks_end_no_process_and_take_a_bounded_amount_of_memory(up, clip, figure):
    system = up("--free-ports")
    watched = Watched(system.url, system.process.pid)
    results = []
    async with opened(system.url) as session:
        clients = Clients(session)
        await clients.prepare()
        siege = Siege(watched, clients, clip)
        before = {name: pid for pid, name in watched.processes.items() if name != "child"}
        for name in ATTACKS:
            result = await siege.attack(name, SECONDS, RATE)
            results.append(result)
            for process, mib in result.peak_mib.items():
                assert mib < MIB.get(process, SERVICE_MIB), (name, process, mib)
        assert {name: pid for pid, name in watched.processes.items() if name != "child"} == before
        assert (await Apk(session).get("feed"))["status_code"] == 0
    log = system.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
    for line in table(results):
        figure(line)
