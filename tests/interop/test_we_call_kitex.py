"""The Python client and the HTTP API call services written with Kitex."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress

import aiohttp
import pytest
from e2e.apk import Apk
from fleet import SERVICES, addresses, eventually, turns
from interop.kitex import go_client, go_server
from interop.scenario import added, reads, writes

import idl
from api import SERVICE
from microkit.discovery import open_resolver, registered
from microkit.discovery.static import StaticResolver
from microkit.errors import (
    DeadlineExceeded,
    Error,
    NotFound,
    ServiceError,
    Unavailable,
    UnknownMethod,
)
from microkit.main import serve
from microkit.rpc import load_balancer, metadata
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from scripts import servers

CONTRACTS = {service.name: Contract(idl.load(service.package)) for service in SERVICES}


def client(settings, service: str, port: int, **more) -> Client:
    own = settings(**more)
    return Client(service, CONTRACTS[service], StaticResolver({}, {service: port}), own, "tests")


@pytest.mark.parametrize("transport", ["framed", "ttheader"])
async def test_our_client_calls_every_method_of_a_kitex_server(settings, programs, transport):
    original = programs.kind == "original"
    steps = [*writes("name"), *reads(), *([] if original else added())]
    for name, contract in CONTRACTS.items():
        async with go_server(programs, name) as go:
            ours = client(settings, name, go.port, rpc_transport=transport)
            try:
                for service, _, method, request in steps:
                    if service != name:
                        continue
                    await _call(contract, ours, method, request)
            finally:
                await ours.close()


async def _call(contract, ours, method, request) -> None:
    """Call and return the response, also one that reports a failure; a broken call raises."""
    types = {f.name: f.type for f in contract.methods()[method].request.__thrift_fields__}

    def made(kind, value):
        if isinstance(value, dict) and kind.struct:
            return kind.struct(**value)
        return [kind.element(**each) for each in value] if kind.element else value

    arguments = {name: made(types[name], value) for name, value in request.items()}
    broken = (Unavailable, ServiceError)
    with suppress(Error):
        try:
            await getattr(ours, method)(**arguments)
        except broken as error:
            pytest.fail(f"{method}: {error!r}")


async def test_failures_of_a_kitex_server_are_ours(settings, programs):
    async with go_server(programs, "userservice") as go:
        ours = client(settings, "userservice", go.port)
        for name in ("error", "panic"):
            with pytest.raises(ServiceError):
                await ours.GetUserMethod(name=name)
        with pytest.raises(DeadlineExceeded):
            await ours.GetUserMethod(name="slow", timeout=0.2)
        headed = client(settings, "userservice", go.port, rpc_transport="ttheader")
        with pytest.raises(NotFound, match="没有这个用户"):
            await headed.GetUserMethod(name="business")
        await headed.close()
        newuser = CONTRACTS["userservice"].CreateUserInfo(name="after")
        assert (await ours.CreateUserMethod(newuser=newuser, password="x")).user_id == 1
        task = asyncio.create_task(ours.GetUserMethod(name="slow"))
        await turns()
        go.process.kill()
        with pytest.raises(Unavailable):
            await task
        await ours.close()


@pytest.mark.parametrize("programs", ["original"], indirect=True)
async def test_a_method_that_the_original_lacks_is_unknown_there(settings, programs):
    async with go_server(programs, "favoriteservice") as go:
        ours = client(settings, "favoriteservice", go.port)
        for _ in range(2):
            with pytest.raises(UnknownMethod):
                await ours.FavoriteSummaryMethod(video_id_list=[1], user_id_list=[1])
        assert (await ours.FavoriteListMethod(user_id=1)).video_id_list == []
        await ours.close()


async def test_metadata_pass_through_go_and_come_back_to_us(slow, settings, programs):
    """We call a Kitex favoriteservice, which asks our videoservice."""
    videos = f"127.0.0.1:{slow.port}"
    async with go_server(programs, "favoriteservice", "-videos", videos) as go:
        ours = client(settings, "favoriteservice", go.port, rpc_transport="ttheader")
        metadata.persistent.set({metadata.REQUEST_ID: "round-trip", "RPC_PERSIST_X": "y"})
        await ours.FavoriteMethod(user_id=1, video_id=5, action_type=1)
        await ours.close()
    assert slow.seen == [{metadata.REQUEST_ID: "round-trip", "RPC_PERSIST_X": "y"}]


SWAPPED = ("userservice", "videoservice", "relationservice", "favoriteservice", "commentservice")


@pytest.mark.parametrize("name", SWAPPED)
async def test_the_api_works_with_one_service_in_go_found_through_etcd(
    fleet, settings, modern, tmp_path, clip, name
):
    with servers.etcd() as etcd:
        async with AsyncExitStack() as stack:
            own = settings(discovery_url=etcd.url)
            for service, running in fleet.running.items():
                if service != name:
                    await stack.enter_async_context(registered(own, service, running.port))
            videos = f"127.0.0.1:{fleet.running['videoservice'].port}"
            await stack.enter_async_context(
                go_server(modern, name, "-etcd", f"127.0.0.1:{etcd.port}", "-videos", videos)
            )
            resolver = await stack.enter_async_context(open_resolver(own))
            await found(resolver, name, 1)
            known = {"discovery_url": etcd.url}
            await story(stack, settings, tmp_path, clip, known, fleet, name)


@pytest.mark.parametrize("programs", ["original"], indirect=True)
async def test_follows_of_the_original_contract_are_enough_for_a_page(
    fleet, settings, programs, tmp_path, caplog
):
    async with AsyncExitStack() as stack:
        go = await stack.enter_async_context(go_server(programs, "relationservice"))
        own = settings(
            **addresses(fleet.running, relationservice=go.port),
            jwt_secret="a secret of at least thirty-two bytes",
            upload_dir=str(tmp_path / "uploads"),
        )
        running = await stack.enter_async_context(serve(SERVICE, own))
        url = f"http://127.0.0.1:{running.port}"
        apk = Apk(await stack.enter_async_context(aiohttp.ClientSession(url)))
        ann, bob = await apk.register("ann"), await apk.register("bob")
        await fleet.client("videoservice").CreateVideoMethod(
            title="t", author_id=ann.id, play_url="p", cover_url="c"
        )
        with caplog.at_level(logging.WARNING, "api.added"):
            answer = await apk.post(
                "relation/action", token=bob.token, to_user_id=ann.id, action_type=1
            )
            assert answer["status_code"] == 0
            for _ in range(2):
                (video,) = (await apk.get("feed", token=bob.token))["video_list"]
                assert video["author"]["is_follow"] is True
                assert video["author"]["follower_count"] == 1
                user = (await apk.get("user", user_id=ann.id, token=bob.token))["user"]
                assert (user["is_follow"], user["follower_count"]) == (True, 1)
            (listed,) = (await apk.get("relation/follower/list", user_id=ann.id))["user_list"]
            assert (listed["id"], listed["name"], listed["follow_count"]) == (bob.id, "bob", 1)
    told = [r.args for r in caplog.records if r.name == "api.added"]
    assert told == [("GetFollowInfosMethod",), ("GetFollowPagesMethod",)]


async def found(resolver, service, count) -> None:
    """Wait until `count` instances are listed: Kitex registers a second after the start."""
    await resolver.resolve(service)
    await eventually(lambda: len(resolver.cached(service)) == count)


async def story(stack, settings, tmp_path, clip, known, fleet, swapped) -> None:
    """People sign up, publish, watch, like, comment, follow and chat."""
    own = settings(
        **known,
        jwt_secret="a secret of at least thirty-two bytes",
        objects_url=f"file://{tmp_path}/objects",
        upload_dir=str(tmp_path / "uploads"),
    )
    running = await stack.enter_async_context(serve(SERVICE, own))
    url = f"http://127.0.0.1:{running.port}"
    apk = Apk(await stack.enter_async_context(aiohttp.ClientSession(url)))
    ours = fleet.client("userservice")
    ann, bob = await apk.register("ann"), await apk.register("bob")
    if swapped == "userservice":
        # The others of ours ask our userservice who exists.
        contract = CONTRACTS["userservice"]
        for each in ("ann", "bob"):
            await ours.CreateUserMethod(newuser=contract.CreateUserInfo(name=each), password="x")
    assert (await apk.publish(ann, clip, "标题"))["status_code"] == 0
    if swapped == "videoservice":
        await fleet.client("videoservice").CreateVideoMethod(
            title="t", author_id=ann.id, play_url="p", cover_url="c"
        )
    (video,) = (await apk.get("feed", token=bob.token))["video_list"]
    assert (video["title"], video["author"]["name"]) == ("标题", "ann")
    assert (await apk.bytes_of(video["play_url"]))[4:8] == b"ftyp"
    acts = {"token": bob.token, "video_id": video["id"], "action_type": 1}
    assert (await apk.post("favorite/action", **acts))["status_code"] == 0
    made = await apk.post("comment/action", **acts, comment_text="不错")
    assert made["comment"]["content"] == "不错"
    for one, other in ((ann, bob), (bob, ann)):
        answer = await apk.post(
            "relation/action", token=one.token, to_user_id=other.id, action_type=1
        )
        assert answer["status_code"] == 0
    for sender, receiver, text in ((ann, bob, "hi"), (bob, ann, "hello")):
        await apk.post(
            "message/action", token=sender.token, to_user_id=receiver.id, action_type=1,
            content=text,
        )  # fmt: skip
    (video,) = (await apk.get("feed", token=bob.token))["video_list"]
    assert (video["favorite_count"], video["comment_count"]) == (1, 1)
    assert (video["is_favorite"], video["author"]["is_follow"]) == (True, True)
    assert video["author"]["total_favorited"] == 1
    (listed,) = (await apk.get("favorite/list", user_id=bob.id, token=bob.token))["video_list"]
    assert listed["id"] == video["id"]
    (friend,) = (await apk.get("relation/friend/list", token=bob.token))["user_list"]
    assert friend["id"] == ann.id
    chat = (await apk.get("message/chat", token=bob.token, to_user_id=ann.id))["message_list"]
    assert [message["content"] for message in chat] == ["hi", "hello"]
    new = await apk.get(
        "message/chat", token=ann.token, to_user_id=bob.id,
        pre_msg_time=chat[0]["create_time"],
    )  # fmt: skip
    assert [message["content"] for message in new["message_list"]] == ["hello"]


async def test_replicas_of_both_languages_share_the_load_and_one_may_die(
    fleet, settings, modern, monkeypatch
):
    monkeypatch.setattr(load_balancer, "BURST_CALLS", 1)
    with servers.etcd() as etcd:
        endpoint = f"127.0.0.1:{etcd.port}"
        async with AsyncExitStack() as stack:
            port = fleet.running["userservice"].port
            own = settings(discovery_url=etcd.url, advertise_host="127.0.0.1", weight=10)
            await stack.enter_async_context(registered(own, "userservice", port))
            first = await stack.enter_async_context(
                go_server(modern, "userservice", "-etcd", endpoint)
            )
            await stack.enter_async_context(go_server(modern, "userservice", "-etcd", endpoint))
            go = await stack.enter_async_context(go_client(modern, "-etcd", endpoint))
            resolver = await stack.enter_async_context(open_resolver(own))
            ours = Client("userservice", CONTRACTS["userservice"], resolver, own, "tests")
            stack.push_async_callback(ours.close)
            await found(resolver, "userservice", 3)
            # A name that only Go's answer knows how to stall on tells nothing; who has users does.
            await fleet.client("userservice").CreateUserMethod(
                newuser=CONTRACTS["userservice"].CreateUserInfo(name="here"), password="x"
            )
            answered = [await _exists(ours) for _ in range(30)]
            assert answered.count(True) == 10, "a third of the calls, in turn"
            answers = [await go.call("UserService", "GetUserMethod", {"id": 1}) for _ in range(60)]
            known = sum(answer["response"]["status"] for answer in answers)
            assert 5 <= known <= 35, "Kitex picks by chance"
            first.process.kill()
            await first.process.wait()
            for _ in range(30):
                await _exists(ours)


async def _exists(ours: Client) -> bool:
    try:
        await ours.GetUserMethod(id=1)
    except Unavailable:
        raise
    except Error:
        return False
    return True
