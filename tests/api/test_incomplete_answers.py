"""Responses of services that omit optional fields."""

import aiohttp
import pytest
from fleet import addresses

from api import SERVICE
from idl import usermicro
from microkit.main import serve
from microkit.rpc.server import Server, ServerLimits

SECRET = "a secret of at least thirty-two bytes"


class WithoutUserId:
    """A userservice whose responses have no user id."""

    async def CreateUserMethod(self, request):
        return usermicro.CreateUserResp.ok()

    async def LoginUserMethod(self, request):
        return usermicro.LoginUserResp.ok()


for _name in usermicro.CONTRACT.methods():
    if not hasattr(WithoutUserId, _name):

        async def _missing(self, request):
            raise NotImplementedError

        setattr(WithoutUserId, _name, _missing)


@pytest.fixture
async def base(settings):
    """The URL of an API in front of that userservice."""
    server = Server(
        "userservice",
        usermicro.CONTRACT,
        {"UserService": WithoutUserId()},
        ServerLimits(timeout=30),
    )
    await server.listen("127.0.0.1", 0)
    own = settings(**addresses({"userservice": server}), jwt_secret=SECRET)
    async with serve(SERVICE, own) as running:
        yield f"http://127.0.0.1:{running.port}"
    await server.stop(0)


@pytest.mark.parametrize("path", ["register", "login"])
async def test_no_token_is_issued_for_a_response_without_a_user_id(base, path):
    query = {"username": "ann", "password": "secret"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/douyin/user/{path}/", params=query) as response,
    ):
        answer = await response.json()
    assert answer["status_code"] == 10001
    assert answer["status_msg"] == "服务出错，请稍后再试"
    assert (answer["user_id"], answer["token"]) == (0, "")
