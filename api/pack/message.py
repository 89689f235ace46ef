"""Messages."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from api.pack import dated_message
from api.pack.splice import packed
from idl import core, relation, relationmicro


def chat(
    stored: Sequence[relationmicro.Message], viewer: int, after_ms: int, zone: tzinfo
) -> list[relation.Message]:
    """Return a chat, oldest first; with `after_ms` only messages that the viewer received later.

    An original relationservice always returns the whole chat, and may give dates in `zone` instead
    of times.
    """
    times = [_time_ms(each) for each in stored]
    if all(times):
        messages = [message(*each) for each in zip(stored, times, strict=True)]
        return received(messages, viewer, after_ms) if after_ms else messages
    ordered = dated_message.oldest_first(stored, zone)
    times = dated_message.times_ms(ordered, zone)
    messages = [message(*each) for each in zip(ordered, times, strict=True)]
    if not after_ms:
        return messages
    return received(messages, viewer, dated_message.seen_until_ms(messages, viewer, after_ms, zone))


def conversations(
    stored: Iterable[relationmicro.Conversation], users: Iterable[bytes]
) -> list[relation.Conversation]:
    """Return conversations, each with the JSON of its user, in the same order."""
    return [
        relation.Conversation(
            user=packed(core.User, user),
            message=message(each.message, _time_ms(each.message)),
            unread=each.unread,
        )
        for each, user in zip(stored, users, strict=True)
    ]


def message(stored: relationmicro.Message, time_ms: int) -> relation.Message:
    """Return one message; a missing id is replaced by the time."""
    return relation.Message(
        id=stored.id or time_ms,
        to_user_id=stored.to_user_id,
        from_user_id=stored.from_user_id,
        content=stored.content,
        create_time=time_ms,
    )


def received(
    messages: Iterable[relation.Message], user_id: int, after_ms: int
) -> list[relation.Message]:
    """Return the messages that the user received after a time."""
    return [m for m in messages if m.to_user_id == user_id and m.create_time > after_ms]


def _time_ms(stored: relationmicro.Message) -> int:
    """Return a message's time, a string in the original contract; 0 if there is none."""
    text = stored.create_time or ""
    return stored.create_time_ms or (int(text) if text.isdecimal() else 0)
