"""Methods that a service may not know."""

from fleet import Clock

from api.added import AddedMethod
from microkit.errors import UnknownMethod

OLD = UnknownMethod()


async def test_a_method_that_one_instance_does_not_know_is_tried_again_later(caplog):
    """During a rolling update of the service only its older instances do not know it."""
    clock, replies = Clock(), [OLD, OLD, "all", "all", OLD]
    method = AddedMethod("GetAllMethod", clock)

    async def all_at_once() -> str:
        reply = replies.pop(0)
        if isinstance(reply, UnknownMethod):
            raise reply
        return reply

    async def one_by_one() -> str:
        return "each"

    async def call() -> str:
        return await method.call(all_at_once, one_by_one)

    assert [await call() for _ in range(3)] == ["each"] * 3
    assert len(replies) == 4  # not asked again so soon
    clock.now += 61
    assert await call() == "each"
    clock.now += 61
    assert [await call(), await call()] == ["all", "all"]
    assert caplog.text.count("the service has no GetAllMethod") == 1
    assert await call() == "each"
    assert caplog.text.count("the service has no GetAllMethod") == 2
