"""Rate limits of actions, logins and registrations."""

import asyncio
import dataclasses
import os
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest
from fleet import addresses, eventually

import idl
from api import SERVICE
from api.limits import SEARCHES
from api.settings import Settings
from microkit.main import serve
from microkit.rpc.contract import Contract
from scripts import servers
from scripts.deployment import ROOT

OK, UNAUTHORIZED, UNAVAILABLE, REFUSED = 0, 10004, 10006, 10009
# A proxy in front of the API: each person has an address.
PROXY = {"trusted_proxies": "127.0.0.1/32"}
AS_SHIPPED = {
    field.name: field.default
    for field in dataclasses.fields(Settings)
    if field.name.startswith("limit_")
}

# As shipped, but no token comes back during a test.
SLOW = {"limit_logins": "10:1", "limit_logins_per_address": "100:1"}


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


Limited = Callable[..., AbstractAsyncContextManager["Client"]]


class Client:
    """A client of an API with its own limits, from any address."""

    def __init__(self, http, base: str) -> None:
        self._http, self._base = http, base

    async def post(self, path: str, address: str = "192.0.2.1", **query: object) -> dict:
        query = {name: str(value) for name, value in query.items()}
        headers = {"X-Forwarded-For": address}
        url = f"{self._base}/douyin/{path}/"
        async with self._http.session.post(url, params=query, headers=headers) as response:
            assert response.status == 200
            return await response.json()

    async def login(self, name: str, password: str = "secret", address: str = "192.0.2.1") -> int:
        query = {"username": name, "password": password}
        return (await self.post("user/login", address, **query))["status_code"]

    async def register(self, name: str, address: str = "192.0.2.1") -> dict:
        return await self.post("user/register", address, username=name, password="secret")


@pytest.fixture
def limited(http) -> Limited:
    """Starts another API in front of the same services, with other limits."""

    @asynccontextmanager
    async def start(**limits: object) -> AsyncIterator[Client]:
        own = dataclasses.replace(http.settings, **(AS_SHIPPED | PROXY | limits))
        async with serve(SERVICE, own) as running:
            yield Client(http, f"http://127.0.0.1:{running.port}")

    return start


ACTIONS = {
    "likes": ("favorite/action", {"video_id": 1, "action_type": 1}),
    "follows": ("relation/action", {"to_user_id": 1, "action_type": 1}),
    "comments": ("comment/action", {"video_id": 1, "action_type": 1, "comment_text": "x"}),
    "messages": ("message/action", {"to_user_id": 1, "action_type": 1, "content": "x"}),
}


@pytest.mark.parametrize("kind", ACTIONS)
async def test_an_account_that_acts_too_often_is_told_when_to_try_again(http, limited, kind):
    path, query = ACTIONS[kind]
    spammer, other = await http.register("spammer"), await http.register("other")
    async with limited(**{f"limit_{kind}": "3:1"}) as client:
        answers = [await client.post(path, token=spammer.token, **query) for _ in range(5)]
        assert [each["status_code"] == REFUSED for each in answers] == [False] * 3 + [True] * 2
        assert re.fullmatch(r"操作太频繁，请 (\d|[1-5]\d|60) 秒后再试", answers[-1]["status_msg"])
        # Neither another account nor another kind of action is affected.
        assert (await client.post(path, token=other.token, **query))["status_code"] != REFUSED
        for elsewhere, arguments in (each for name, each in ACTIONS.items() if name != kind):
            answer = await client.post(elsewhere, token=spammer.token, **arguments)
            assert answer["status_code"] != REFUSED


async def test_a_publish_too_many_is_refused_before_its_file_is_received(http, limited, clip):
    author = await http.register("author")
    async with limited(limit_publishes="1:1") as client:
        url = f"{client._base}/douyin/publish/action/"
        form = aiohttp.FormData({"token": author.token, "title": "t"})
        form.add_field("data", clip.read_bytes(), filename="a.mp4")
        async with http.session.post(url, data=form) as response:
            assert (await response.json())["status_code"] == OK
        never = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n'
            yield f"{author.token}\r\n".encode()
            yield b'--x\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\n'
            for _ in range(10):
                yield b"the beginning of a file" * 1000
            await never.wait()

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        async with http.session.post(url, data=endless(), headers=headers) as response:
            answer = await response.json()
            assert answer["status_code"] == REFUSED, answer


async def test_two_processes_and_racing_clients_get_exactly_the_limit(http, tmp_path):
    person, video = await http.register("busy"), 1
    port = servers.free_port()
    peers = addresses(http.fleet.running)["addresses"]
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "ADMIN_PORT": str(servers.free_port()),
        "API_WORKERS": "2",
        "LIMIT_LIKES": "200:1",
        "RPC_TIMEOUT_MS": "60000",
        "STORE_TIMEOUT_MS": "60000",
        "JWT_SECRET": http.settings.jwt_secret,
        "REDIS_URL": http.settings.redis_url,
        "OBJECTS_URL": f"file://{tmp_path}/objects",
        "UPLOAD_DIR": str(tmp_path / "uploads"),
        **{f"{name}_addresses".upper(): text for name, text in peers.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", cwd=ROOT, env=environment
    )
    try:
        await eventually(lambda: servers.listens(port))
        query = {"token": person.token, "video_id": str(video), "action_type": "1"}
        url = f"http://127.0.0.1:{port}/douyin/favorite/action/"
        seen: Counter[bool] = Counter()

        async def like(connections: aiohttp.ClientSession) -> None:
            async with connections.post(url, params=query) as response:
                seen[(await response.json())["status_code"] == REFUSED] += 1

        for _ in range(12):  # new connections each time: the kernel deals them to both processes
            async with aiohttp.ClientSession() as connections:
                await asyncio.gather(*(like(connections) for _ in range(40)))
    finally:
        process.terminate()
        await process.wait()
    assert seen == {False: 200, True: 280}


async def test_guesses_are_refused_before_a_password_is_hashed(http, limited):
    await http.register("ann")
    verified = http.fleet.hasher.verified
    async with limited(**SLOW) as client:
        spellings = ("ann", " ann", "ａｎｎ")  # of one account
        guesses = [await client.login(spellings[n % 3], f"guess {n}") for n in range(30)]
        assert guesses == [UNAUTHORIZED] * 10 + [REFUSED] * 20
        assert len(verified) == 10
        answer = await client.post("user/login", username="ann", password="secret")
        assert answer["status_code"] == REFUSED
        assert answer["status_msg"].startswith("密码错误次数过多，请 ")
        assert (answer["user_id"], answer["token"]) == (0, "")
        # The owner is elsewhere, with or without a login from there before.
        for _ in range(30):
            assert await client.login("ann", address="198.51.100.1") == OK


async def test_one_address_cannot_guess_at_many_accounts_and_keeps_no_owner_out(http, limited):
    async with limited(limit_logins_per_address="5:1") as client:
        for name in ("ann", "bob"):
            assert (await client.register(name))["status_code"] == OK
        for n in range(10):
            await http.register(f"victim {n}")
        guesses = [await client.login(f"victim {n}", "guess") for n in range(10)]
        assert guesses == [UNAUTHORIZED] * 5 + [REFUSED] * 5
        # Those who registered or logged in from this address before are known.
        for name in ("ann", "bob"):
            assert await client.login(name, "typo") == UNAUTHORIZED
            assert await client.login(name) == OK
        # A stranger to this address has to wait or to use another one.
        assert await client.login("victim 9") == REFUSED
        assert await client.login("victim 9", address="198.51.100.1") == OK


async def test_right_passwords_and_failures_of_the_service_cost_nothing(http, limited):
    await http.register("ann")
    async with limited(limit_logins="1:1", limit_logins_per_address="1:1") as client:
        for _ in range(5):
            assert await client.login("ann") == OK
            assert await client.login("ann", "") not in (OK, REFUSED)  # not a password
        await http.fleet.stop("userservice")
        for name in ("ann", "somebody else") * 3:
            assert await client.login(name) not in (OK, REFUSED)


async def test_a_login_that_took_too_long_counts_as_a_guess(http, limited):
    await http.register("ann")
    http.fleet.hasher.gate.clear()
    async with limited(limit_logins="3:1", rpc_timeout_ms=200) as client:
        guesses = [await client.login("ann", f"guess {n}") for n in range(5)]
    assert guesses == [UNAVAILABLE] * 3 + [REFUSED] * 2


async def test_a_classroom_behind_one_address_notices_no_limit(http, limited):
    teacher = await http.register("teacher")
    async with limited() as client:  # as shipped

        async def pupil(n: int) -> list[int]:
            name = f"pupil {n}"
            done = [(await client.register(name))["status_code"]]
            done += [await client.login(name, "typo"), await client.login(name)]
            token = (await client.post("user/login", username=name, password="secret"))["token"]
            for path, query in (ACTIONS["follows"], ACTIONS["messages"]):
                act = query | {"to_user_id": teacher.id}
                done += [(await client.post(path, token=token, **act))["status_code"]] * 10
            return done

        answers = await asyncio.gather(*(pupil(n) for n in range(60)))
    assert {tuple(each) for each in answers} == {(OK, UNAUTHORIZED, OK, *[OK] * 20)}


async def test_a_classroom_that_logs_in_at_once_from_a_new_address_gets_in(http, limited):
    await asyncio.gather(*(http.register(f"pupil {n}") for n in range(60)))
    async with limited() as client:
        logins = (client.login(f"pupil {n}", address="198.51.100.1") for n in range(60))
        assert await asyncio.gather(*logins) == [OK] * 60


@pytest.mark.parametrize("spread", ["one account", "many accounts", "many addresses"])
async def test_two_hundred_guessers_fail_no_honest_login(http, limited, spread):
    await asyncio.gather(*(http.register(f"victim {n}") for n in range(20)))
    hasher = http.fleet.hasher
    async with limited(**SLOW) as client:
        honest = [f"honest {n}" for n in range(20)]
        for name in honest:
            assert (await client.register(name))["status_code"] == OK
        started = time.monotonic()
        hasher.verified.clear()
        hasher.gate.clear()  # hashing is as slow as it can be: all guesses are in flight at once
        guessers = []
        for n in range(200):
            victim = 0 if spread == "one account" else n % 20
            address = f"203.0.113.{n}" if spread == "many addresses" else "203.0.113.1"
            guess = client.login(f"victim {victim}", "guess", address)
            guessers.append(asyncio.create_task(guess))
        await eventually(lambda: len(hasher.verified) >= 2)
        logins = [asyncio.create_task(client.login(name)) for name in honest]
        await asyncio.sleep(0.2)  # most of them are in flight by then, too; no result depends on it
        hasher.gate.set()
        assert await asyncio.gather(*logins) == [OK] * 20
        guesses = Counter(await asyncio.gather(*guessers))
    assert guesses[OK] == 0
    burst = {"one account": 10, "many accounts": 100, "many addresses": 200}[spread]
    assert guesses[UNAUTHORIZED] <= burst + (time.monotonic() - started) / 60 + 1


async def test_registrations_are_limited_per_address(http, limited):
    async with limited(limit_registrations="3:1") as client:
        codes = [(await client.register(f"robot {n}"))["status_code"] for n in range(5)]
        assert codes == [OK] * 3 + [REFUSED] * 2
        answer = await client.register("robot")
        assert answer["status_msg"].startswith("注册太频繁，请 ")
        assert (await client.register("human", "198.51.100.1"))["status_code"] == OK
        forged = await client.register("robot", "198.51.100.9, 192.0.2.1")
        assert forged["status_code"] == REFUSED


async def test_an_exempt_address_is_limited_by_account_only(http, limited):
    own = SLOW | {"limit_registrations": "1:1", "limit_logins_per_address": "1:1"}
    async with limited(**own, limit_exempt_addresses="192.0.2.0/24") as client:
        for n in range(5):
            assert (await client.register(f"robot {n}"))["status_code"] == OK
            assert await client.login(f"nobody {n}") == UNAUTHORIZED
        guesses = [await client.login("robot 1", "guess") for _ in range(12)]
        assert guesses == [UNAUTHORIZED] * 10 + [REFUSED] * 2


async def test_without_a_trusted_proxy_the_header_is_ignored(http, limited):
    async with limited(trusted_proxies="", limit_registrations="2:1") as client:
        answers = [await client.register(f"robot {n}", f"203.0.113.{n}") for n in range(3)]
        assert [each["status_code"] for each in answers] == [OK, OK, REFUSED]


async def test_limits_can_be_turned_off(http, limited):
    off = {name: "off" for name in AS_SHIPPED if name != "limit_exempt_addresses"}
    person = await http.register("busy")
    async with limited(**off) as client:
        assert {await client.login("busy", "guess") for _ in range(120)} == {UNAUTHORIZED}
        path, query = ACTIONS["comments"]
        for _ in range(70):
            answer = await client.post(path, token=person.token, **query)
            assert answer["status_code"] != REFUSED


async def test_without_redis_everything_but_the_limits_works(http, limited, caplog):
    author = await http.register("author")
    async with limited(redis_url="unix:///not/there", limit_messages="1:1") as client:
        assert (await client.register("new"))["status_code"] == OK
        assert await client.login("new") == OK
        assert await client.login("new", "wrong") == UNAUTHORIZED
        path, query = ACTIONS["messages"]
        act = query | {"to_user_id": author.id + 1}
        for _ in range(3):
            assert (await client.post(path, token=author.token, **act))["status_code"] == OK
        assert (await http.session.get(f"{client._base}/healthz")).status == 200
    assert "no rate limits: redis" in caplog.text


@pytest.mark.parametrize("name", idl.HTTP)
def test_every_method_that_writes_has_a_limit_with_a_setting(name):
    for method in Contract(idl.load(name)).methods().values():
        limit = method.annotations.get("api.limit")
        writes = "api.post" in method.annotations and "api.get" not in method.annotations
        assert writes == (limit not in (None, SEARCHES)), method.name
        if limit is not None:
            assert f"limit_{limit}" in AS_SHIPPED
