"""What an API process knows of sessions that were ended."""

import pytest
from accounts import create

from api.sessions import Sessions
from microkit.clock import now_ms
from usermicro.dal.model import User


@pytest.fixture
def world() -> str:
    """The stores do not matter here."""
    return "embedded"


async def test_a_replica_with_a_wrong_clock_hides_no_session_that_another_one_ends(fleet):
    users = fleet.client("userservice")
    first, second = await create(users, "first"), await create(users, "second")
    await users.EndSessionsMethod(id=first)
    database = await fleet.running["userservice"].context.database()
    an_hour_ahead = now_ms() + 3_600_000
    await database.write(User.update(sessions_ended_ms=an_hour_ahead).where(User.id == first))
    sessions = Sessions(users, token_days=7)
    await sessions.load()
    assert sessions.ended == {first: 1}
    await users.EndSessionsMethod(id=second)
    await sessions.load()
    assert sessions.ended == {first: 1, second: 1}
