"""Methods that a service may not know."""

from api import added
from microkit.errors import UnknownMethod


async def test_a_method_that_one_instance_does_not_know_is_tried_again_later(monkeypatch):
    """During a rolling update of the service only its older instances do not know it."""
    method, replies = added.AddedMethod("GetAllMethod"), [UnknownMethod(), "all", "all"]

    async def all_at_once() -> str:
        reply = replies.pop(0)
        if isinstance(reply, UnknownMethod):
            raise reply
        return reply

    async def one_by_one() -> str:
        return "each"

    assert await method.call(all_at_once, one_by_one) == "each"
    assert await method.call(all_at_once, one_by_one) == "each"
    assert len(replies) == 2  # not asked again so soon
    monkeypatch.setattr(added.time, "monotonic", lambda: 10.0**12)
    assert await method.call(all_at_once, one_by_one) == "all"
    assert await method.call(all_at_once, one_by_one) == "all"
