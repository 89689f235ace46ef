"""Messages."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from api.pack import dated_message
from idl import relation, relationmicro


def chat(
    stored: Sequence[relationmicro.Message], viewer: int, after_ms: int, zone: tzinfo
) -> list[relation.Message]:
    """Return a chat, oldest first; with `after_ms` only what the viewer received after it.

    A relationservice of the original contract answers the whole chat whatever it is asked, and may
    give days in `zone` in place of times.
    """
    times = [_time_ms(each) for each in stored]
    if all(times):
        listed = [message(*each) for each in zip(stored, times, strict=True)]
        return received(listed, viewer, after_ms) if after_ms else listed
    ordered = dated_message.oldest_first(stored, zone)
    times = dated_message.times_ms(ordered, zone)
    listed = [message(*each) for each in zip(ordered, times, strict=True)]
    if not after_ms:
        return listed
    return received(listed, viewer, dated_message.seen_until_ms(listed, viewer, after_ms, zone))


def message(stored: relationmicro.Message, time_ms: int) -> relation.Message:
    """Return one message of relationservice's; without an id it gets its time for one."""
    return relation.Message(
        id=stored.id or time_ms,
        to_user_id=stored.to_user_id,
        from_user_id=stored.from_user_id,
        content=stored.content,
        create_time=time_ms,
    )


def received(
    listed: Iterable[relation.Message], user_id: int, after_ms: int
) -> list[relation.Message]:
    """Return what the user received after a time."""
    return [m for m in listed if m.to_user_id == user_id and m.create_time > after_ms]


def _time_ms(stored: relationmicro.Message) -> int:
    """Return a message's time, which the original contract has as text; 0 if there is none."""
    text = stored.create_time or ""
    return stored.create_time_ms or (int(text) if text.isdecimal() else 0)
