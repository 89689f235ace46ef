"""Messages of an original relationservice, which have dates instead of times.

It returns the whole chat, newest first, without ids, and with a date ("2026-11-25") per message.
Clients need strictly increasing times, because they poll with the newest one they have. So the
messages of a day get consecutive milliseconds from midnight on. A chat only grows at its end, so a
message keeps its time.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from idl import relation, relationmicro

_DAY_MS: Final = 86_400_000


def oldest_first(
    stored: Sequence[relationmicro.Message], zone: tzinfo
) -> Sequence[relationmicro.Message]:
    """Return messages oldest first; a chat within a single day is assumed to be newest first."""
    times = [_time_ms(each.create_time, zone) for each in stored]
    return stored if times and times[0] < times[-1] else stored[::-1]


def times_ms(ordered: Sequence[relationmicro.Message], zone: tzinfo) -> list[int]:
    """Return a time for each message, strictly increasing."""
    times: list[int] = []
    last = 0
    for each in ordered:
        last = max(_time_ms(each.create_time, zone), last + 1)
        times.append(last)
    return times


def seen_until_ms(
    messages: Sequence[relation.Message], viewer: int, after_ms: int, zone: tzinfo
) -> int:
    """Return the time of the newest message that a client polling with `after_ms` has.

    `messages` is the whole chat, not empty, with the times of `times_ms`. A client polls with one
    of those, or with its own clock if its last message is one it sent: then it has the chat up to
    the viewer's newest message. If the viewer sent none, the client gets the whole day: a duplicate
    message is better than a missing one.
    """
    times = [each.create_time for each in messages]
    if after_ms in times or not times[0] < after_ms < times[-1] + _DAY_MS:
        return after_ms
    own = [each.create_time for each in messages if each.from_user_id == viewer]
    return min(after_ms, own[-1] if own else _midnight_ms(after_ms, zone) - 1)


def _time_ms(text: str | None, zone: tzinfo) -> int:
    """Parse an ISO 8601 date; 0 for any other text."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)


def _midnight_ms(time_ms: int, zone: tzinfo) -> int:
    at = datetime.fromtimestamp(time_ms / 1000, zone)
    return int(at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
