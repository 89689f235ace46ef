"""The process that forks the others: killed, and what its forks share."""

import os
import re
import signal

import psutil
from e2e.apk import Apk, opened
from fleet import eventually

import idl
from scripts.servers import wait_for

FORKED = (*(f"-m {package}" for package in idl.RPC), "-m api")


async def test_a_killed_template_and_all_its_forks_come_back(up):
    system = up("--free-ports")
    async with opened(system.url) as session:
        apk = Apk(session)
        ann = await apk.register("ann")
        before = {part: system.pid(part) for part in FORKED}
        system.kill("-m scripts.supervisor.template")

        async def all_new() -> bool:
            now = {part: system.pid(part) for part in FORKED}
            return all(now.values()) and not set(now.values()) & set(before.values())

        await eventually(all_new)

        async def known() -> bool:
            try:
                return (await apk.get("user", token=ann.token, user_id=ann.id))["status_code"] == 0
            except OSError:
                return False

        await eventually(known)
    assert system.stop() == 0
    wait_for(lambda: not system.leftovers())


def test_a_fork_has_a_session_and_handlers_of_its_own(up):
    system = up("--free-ports")
    template = system.pid("-m scripts.supervisor.template")
    for part in FORKED:
        forked = system.pid(part)
        assert psutil.Process(forked).ppid() == template
        assert os.getsid(forked) == forked
    os.kill(system.pid("-m usermicro"), signal.SIGTERM)  # it ends as it would alone
    text = '"userservice".*"stopping"'
    wait_for(lambda: re.search(text, system.log.read_text()))
