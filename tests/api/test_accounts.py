"""Registration, login and user pages."""

import asyncio

import aiohttp
import psutil
import pytest
from fleet import eventually
from jose import jwt

from api import SERVICE
from microkit.main import serve

USER_FIELDS = {
    "id", "name", "follow_count", "follower_count", "is_follow", "avatar", "background_image",
    "signature", "total_favorited", "total_favourited", "work_count", "favorite_count",
}  # fmt: skip


async def test_registering_logs_in_and_the_user_has_everything(http):
    person = await http.register("小明")
    for query in ({"user_id": person.id, "token": person.token}, {"token": person.token}):
        answer = await http.get("/douyin/user/", **query)
        assert answer["status_code"] == 0
        user = answer["user"]
        assert set(user) == USER_FIELDS
        assert (user["id"], user["name"], user["is_follow"]) == (person.id, "小明", False)
        assert (user["total_favorited"], user["total_favourited"]) == (0, "0")
    for name in ("avatar", "background_image"):
        async with http.session.get(user[name]) as response:
            assert response.status == 200
            assert response.content_type == "image/png"
            assert len(await response.read()) > 1000
    assert user["signature"]


async def test_logging_in_gives_a_token_that_works(http):
    person = await http.register("ann", "pass word")
    answer = await http.post("/douyin/user/login/", username="ann", password="pass word")
    assert (answer["status_code"], answer["user_id"]) == (0, person.id)
    mine = await http.get("/douyin/user/", token=answer["token"])
    assert mine["user"]["id"] == person.id


async def test_a_failed_register_or_login_has_all_fields_empty(http):
    await http.register("taken")
    for path, query in (
        ("register", {"username": "taken", "password": "secret"}),
        ("register", {"username": "", "password": "secret"}),
        ("register", {"username": "x" * 33, "password": "secret"}),
        ("register", {"username": "new", "password": ""}),
        ("register", {"username": "new", "password": "12345"}),
        ("register", {"username": "new", "password": "字" * 33}),
        ("register", {"username": "new"}),
        ("login", {"username": "taken", "password": "wrong"}),
        ("login", {"username": "nobody", "password": "x"}),
        ("login", {}),
    ):
        answer = await http.post(f"/douyin/user/{path}/", **query)
        assert answer["status_code"] != 0
        assert answer["status_msg"]
        assert (answer["user_id"], answer["token"]) == (0, "")


@pytest.mark.parametrize("slash", ["", "/"])
async def test_arguments_are_read_from_query_form_and_json_and_the_query_takes_precedence(
    http, slash
):
    path = f"/douyin/user/register{slash}"
    form = aiohttp.FormData()
    form.add_field("username", "多部分")
    form.add_field("password", "secret", content_type="text/plain")
    multipart = aiohttp.MultipartWriter("form-data")
    for name, value in (("username", "parts"), ("password", "secret")):
        multipart.append(value).set_content_disposition("form-data", name=name)
    for body in (
        {"data": {"username": "form", "password": "secret"}},
        {"json": {"username": "json", "password": "secret", "other": [1]}},
        {"data": form},
        {"data": multipart},
    ):
        answer = await http.call("POST", path, **body)
        assert answer["status_code"] == 0, answer
    answer = await http.call(
        "POST",
        f"{path}?username=first&username=second",
        data={"username": "b", "password": "secret"},
    )
    name = (await http.get("/douyin/user/", user_id=answer["user_id"]))["user"]["name"]
    assert name == "first"


async def test_an_unreadable_body_is_a_parameter_error(http):
    for body in (
        {"data": b"{not json", "headers": {"Content-Type": "application/json"}},
        {"data": b"[1, 2]", "headers": {"Content-Type": "application/json"}},
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}},
        {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}},
    ):
        answer = await http.call("POST", "/douyin/user/login/", **body)
        assert answer["status_code"] == 10002, body
        assert (answer["user_id"], answer["token"]) == (0, "")
    answer = await http.call(
        "POST", "/douyin/user/login/", status=413, data={"username": "x" * (1 << 21)}
    )
    assert answer["status_code"] != 0


async def test_integers_are_returned_as_clients_hold_them(http):
    person = await http.register("numbers")
    for text in (str(person.id), f"{person.id}.0", f"{person.id}e0", f" {person.id} "):
        answer = await http.get("/douyin/user/", user_id=text)
        assert answer["status_code"] == 0, text
    for text in ("1.5", "abc", "1e400", "nan", "99999999999999999999", "0x1", "١", "1_0"):
        answer = await http.get("/douyin/user/", user_id=text)
        assert answer["status_code"] == 10002, text
        assert "user_id" in answer["status_msg"]


async def test_an_unknown_user_is_not_found(http):
    person = await http.register("somebody")
    for query in ({"user_id": 999}, {}, {"user_id": -1}, {"token": "x"}, {"user_id": 0}):
        answer = await http.get("/douyin/user/", **query)
        assert answer["status_code"] != 0
        assert set(answer["user"]) == USER_FIELDS
    assert (await http.get("/douyin/user/", user_id=person.id))["status_code"] == 0


async def test_forged_and_expired_tokens_are_refused(http):
    person = await http.register("victim")
    secret = http.settings.jwt_secret
    now, subject = 1_700_000_000, str(person.id)
    later = 4_000_000_000
    other_key = "another secret of thirty-two bytes!!"
    forged = [
        jwt.encode({"sub": subject, "exp": now}, secret, algorithm="HS256"),
        jwt.encode({"sub": subject, "exp": later}, other_key, algorithm="HS256"),
        jwt.encode({"sub": subject}, secret, algorithm="HS256"),
        jwt.encode({"exp": later}, secret, algorithm="HS256"),
        jwt.encode({"sub": "x", "exp": later}, secret, algorithm="HS256"),
        jwt.encode({"sub": subject, "exp": later}, secret, algorithm="HS384"),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZXhwIjo0MDAwMDAwMDAwfQ.",
        person.token[:-2],
        "x" * 5000,
        "",
    ]
    await http.register("target")
    for token in forged:
        answer = await http.post(
            "/douyin/relation/action/", token=token, to_user_id=person.id + 1, action_type=1
        )
        assert answer["status_code"] == 10004, token
        # Reading works, as an anonymous viewer.
        answer = await http.get("/douyin/user/", user_id=person.id, token=token)
        assert answer["status_code"] == 0


async def test_garbage_is_answered_with_400_and_never_logged_with_a_token(http, caplog):
    for path in ("/douyin/user/?token=secret" + "x" * 70_000, "/\x01 HTTP/9"):
        host, port = http.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.0 400 ")
        writer.close()
        await writer.wait_closed()
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text
    assert (await http.get("/ping"))["message"] == "pong"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_bearer_token_is_accepted(http, scheme):
    person = await http.register("bearer")
    headers = {"Authorization": f"{scheme} {person.token}"}
    answer = await http.call("GET", "/douyin/user", headers=headers)
    assert answer["user"]["id"] == person.id


async def test_errors_outside_of_any_method_use_the_same_envelope(http):
    answer = await http.call("GET", "/douyin/nothing/", status=404)
    assert answer["status_code"] != 0
    answer = await http.call("GET", "/douyin/user/login/", status=405)
    assert answer["status_code"] != 0
    async with http.session.get(f"{http.base}/nothing") as response:
        assert response.status == 404
    assert await http.get("/ping") == {"message": "pong"}
    assert (await http.call("GET", "/healthz")) == {"status": "ok"}


async def test_metrics_are_for_operators_only(http):
    async with http.session.get(f"{http.base}/metrics") as response:
        assert response.status == 404
    async with http.session.get(f"{http.admin}/metrics") as response:
        assert "requests_total" in await response.text()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_the_admin_port_is_reachable_from_this_machine_only(settings, tmp_path, host):
    own = settings(
        listen_host=host,
        jwt_secret="a secret of at least thirty-two bytes",
        upload_dir=str(tmp_path / "uploads"),
        objects_url=f"file://{tmp_path}/objects",
    )
    async with serve(SERVICE, own) as running:
        admin = [each.laddr.ip for each in psutil.Process().net_connections("tcp")
                 if each.status == "LISTEN" and each.laddr.port == running.admin_port]  # fmt: skip
    assert admin == ["127.0.0.1"]


async def test_responses_forbid_content_sniffing(http):
    for path in ("/ping", "/healthz", "/douyin/feed/", "/douyin/user/", "/douyin/nothing/"):
        async with http.session.get(f"{http.base}{path}") as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff", path


async def test_an_unreachable_service_makes_the_api_unhealthy(http):
    await http.fleet.stop("commentservice")
    answer = await http.call("GET", "/healthz", status=503)
    assert answer == {"status": "unavailable"}
    async with http.session.get(f"{http.admin}/healthz") as response:
        assert list((await response.json())["failed"]) == ["commentservice"]


async def test_logins_do_not_block_other_requests(http):
    await http.register("slow")
    hasher = http.fleet.hasher
    hasher.verified.clear()
    hasher.gate.clear()
    logins = [
        asyncio.create_task(http.post("/douyin/user/login/", username="slow", password="wrong"))
        for _ in range(20)
    ]
    await eventually(lambda: hasher.verified)
    assert (await http.get("/douyin/feed/"))["status_code"] == 0
    assert not any(task.done() for task in logins)
    hasher.gate.set()
    assert all(answer["status_code"] == 10004 for answer in await asyncio.gather(*logins))
