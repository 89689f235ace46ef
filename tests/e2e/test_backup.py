"""scripts/backup and scripts/restore: what was saved is what is restored, to the byte."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pymysql
import pytest
import redis
from e2e.apk import Apk, Person, opened
from e2e.conftest import ROOT
from stores import empty_database

from microkit.storage.objects import open_objects
from microkit.storage.settings import ObjectsSettings
from scripts import servers
from scripts.servers import TcpRedis

PASSWORD = 'a "#; p@ss/word'
DATABASES = ("commentmicro", "videomicro", "usermicro")


def archive(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/backup (save) or scripts/restore (load)."""
    command = [sys.executable, "-m", "scripts.archive", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )


async def lives(apk: Apk, clip: Path) -> list[Person]:
    """Make two people who publish, like, comment, follow and write."""
    ann, bob = await apk.register("ann"), await apk.register("bob")
    for person, title in ((ann, "first"), (bob, "second")):
        assert (await apk.publish(person, clip, title))["status_code"] == 0
    for video in (await apk.get("feed"))["video_list"]:
        acts = {"token": bob.token, "video_id": video["id"], "action_type": 1}
        await apk.post("favorite/action", **acts)
        await apk.post("comment/action", **acts, comment_text="nice 👍")
    for one, other in ((ann, bob), (bob, ann)):
        acts = {"token": one.token, "to_user_id": other.id, "action_type": 1}
        await apk.post("relation/action", **acts)
        await apk.post("message/action", **acts, content="hi")
    return [ann, bob]


async def seen(apk: Apk, people: list[Person]) -> list[object]:
    """Return what the API shows of these people, and the bytes of their videos and covers."""
    ann, bob = people
    urls = {"play_url", "cover_url", "avatar", "background_image", "author"}  # of another port
    shown: list[object] = []
    for video in (await apk.read("feed", token=bob.token))["video_list"]:
        comments = await apk.read("comment/list", video_id=video["id"])
        shown += [{key: video[key] for key in video.keys() - urls}, video["author"]["id"]]
        shown += [await apk.bytes_of(video["play_url"]), await apk.bytes_of(video["cover_url"])]
        shown += [(each["content"], each["create_date"]) for each in comments["comment_list"]]
    for path in ("follow", "follower", "friend"):
        users = (await apk.read(f"relation/{path}/list", token=ann.token))["user_list"]
        shown += [{key: user[key] for key in user.keys() - urls} for user in users]
    chat = await apk.read("message/chat", token=ann.token, to_user_id=bob.id)
    return [*shown, chat["message_list"]]


async def test_a_running_system_is_saved_and_restored_into_another_folder(up, clip, tmp_path):
    first = up("--free-ports")
    async with opened(first.url) as session:
        apk = Apk(session)
        people = await lives(apk, clip)
        before = await seen(apk, people)
        saved = archive("save", str(tmp_path / "backups"), "--data", str(first.data))
        assert saved.returncode == 0, saved.stderr
        await apk.register("a stranger to the backup")
    snapshot, other = saved.stdout.strip(), tmp_path / "other"
    restored = archive("load", snapshot, "--data", str(other))
    assert restored.returncode == 0, restored.stderr
    (other / "secret").write_bytes((first.data / "secret").read_bytes())  # the same tokens
    second = up("--free-ports", data=other)
    async with opened(second.url) as session:
        apk = Apk(session)
        assert await seen(apk, people) == before
        assert (await apk.register("a stranger to the backup")).id


async def test_a_stopped_system_is_saved_too_and_objects_are_copied_once(up, clip, tmp_path):
    system = up("--free-ports")
    async with opened(system.url) as session:
        await lives(Apk(session), clip)
    assert system.stop() == 0
    saves = [archive("save", str(tmp_path), "--data", str(system.data)) for _ in range(2)]
    assert [each.returncode for each in saves] == [0, 0], saves
    assert "4 copied, 0 kept" in saves[0].stderr
    assert "0 copied, 4 kept" in saves[1].stderr
    refused = archive("load", saves[0].stdout.strip(), "--data", str(system.data))
    assert refused.returncode == 1
    assert "exists: restore into an empty installation" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture
def other_redis() -> Iterator[TcpRedis]:
    with servers.tcp_redis(["--requirepass", "secret", "--appendonly", "yes"]) as server:
        yield server


def migrated(url: str, name: str) -> None:
    command = [sys.executable, "-m", name, "migrate", "up"]
    environment = os.environ | {"DATABASE_URL": url}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)


def rows(url: str) -> dict[str, tuple[object, ...]]:
    """Return all rows of all tables of a MySQL database."""
    at = urlsplit(url)
    connection = pymysql.connect(
        host=at.hostname, port=at.port, user="root", database=at.path[1:], charset="utf8mb4"
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM `{table}`")
            found[table] = tuple(sorted(cursor.fetchall(), key=repr))
        return found


def keys(url: str) -> dict[bytes, object]:
    """Return every key of a Redis with its value."""
    with redis.Redis.from_url(url) as client:
        read = {
            b"set": client.smembers,
            b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
            b"hash": client.hgetall,
            b"string": lambda key: (client.get(key), 0 < client.ttl(key) <= 1000),
        }
        return {key: read[client.type(key)](key) for key in client.scan_iter()}


@pytest.mark.parametrize("engine", ["mariadb", "mysql8"])
async def test_real_servers_are_saved_and_restored(
    engine, request, s3, other_redis, clip, tmp_path
):
    server = request.getfixturevalue(engine)
    databases = {name: empty_database(server, name) for name in DATABASES}
    for name, url in databases.items():
        migrated(url, name)
    at = urlsplit(server)
    with pymysql.connect(host=at.hostname, port=at.port, user="root", autocommit=True) as sql:
        sql.cursor().execute(
            "INSERT INTO usermicro.user (id, name, name_key, password_hash, avatar,"
            " background_image, signature, follow_count, follower_count, total_favorited,"
            " work_count, favorite_count, session_generation, sessions_ended_ms) VALUES "
            r"(7, '林晓雨 👍', X'00FF27', 'x''\\', '', '', '\n', 0, 0, 0, 0, 0, 0, 0)"
        )
        sql.cursor().execute(f"CREATE USER saver@'%' IDENTIFIED BY '{PASSWORD}'")
        for name in DATABASES:
            sql.cursor().execute(f"GRANT ALL ON {name}.* TO saver@'%'")
    login = f"mysql://saver:{quote(PASSWORD, safe='')}@127.0.0.1:{at.port}"
    redis_url = f"redis://:secret@127.0.0.1:{other_redis.port}/0"
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("set", *range(1000))
        client.zadd("zset", {b"\xff\x00": 1.5, "b": 2**52 + 1})
        client.hset("hash", mapping={"a": "1"})
        client.set("expires", "soon", ex=1000)
    buckets = [s3.url(f"{engine}-{each}") for each in ("before", "after")]
    async with open_objects(ObjectsSettings(objects_url=buckets[0])) as objects:
        await objects.put("videos/" + 32 * "a" + ".mp4", clip, "video/mp4")
    expected = {name: rows(url) for name, url in databases.items()}, keys(redis_url)

    saver = [f"{login}/{name}" for name in DATABASES]
    urls = {"BACKUP_URLS": " ".join([redis_url, *saver, buckets[0]])}
    saved = archive("save", str(tmp_path), **urls)
    assert saved.returncode == 0, saved.stderr
    assert not {"secret", PASSWORD} & set((saved.stdout + saved.stderr).split())
    snapshot = saved.stdout.strip()
    refused = archive("load", snapshot, **urls)
    assert "has tables: restore into an empty one" in refused.stderr

    for name in databases:
        empty_database(server, name)
    urls = {"BACKUP_URLS": " ".join([redis_url, *saver, buckets[1]])}
    assert "Redis has keys" in archive("load", snapshot, **urls).stderr
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    restored = archive("load", snapshot, **urls)
    assert restored.returncode == 0, restored.stderr
    assert ({name: rows(url) for name, url in databases.items()}, keys(redis_url)) == expected
    assert [each.read_bytes() for each in s3.objects(f"{engine}-after")] == [clip.read_bytes()]
