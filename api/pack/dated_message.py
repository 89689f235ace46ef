"""Messages of a relationservice with the original contract, whose times are days.

It answers the whole chat, newest first, without ids, and with a day ("2026-11-25") as the time of a
message. Clients need a time that grows from message to message: they poll with the newest one they
know. So the messages of a day get the milliseconds from its midnight on. A chat only grows at its
end, so a message keeps its time.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from idl import relation, relationmicro

_DAY_MS: Final = 86_400_000


def oldest_first(
    stored: Sequence[relationmicro.Message], zone: tzinfo
) -> Sequence[relationmicro.Message]:
    """Return messages oldest first; a chat within one day is taken as newest first."""
    times = [_time_ms(each.create_time, zone) for each in stored]
    return stored if times and times[0] < times[-1] else stored[::-1]


def times_ms(ordered: Sequence[relationmicro.Message], zone: tzinfo) -> list[int]:
    """Return a time for each message, each later than the one before."""
    times: list[int] = []
    last = 0
    for each in ordered:
        last = max(_time_ms(each.create_time, zone), last + 1)
        times.append(last)
    return times


def seen_until_ms(
    listed: Sequence[relation.Message], viewer: int, after_ms: int, zone: tzinfo
) -> int:
    """Return the time of the newest message that a client knows which polls with `after_ms`.

    `listed` is the whole chat, not empty, with the times of `times_ms`. A client polls with one of
    those, or with its own clock if the last message it shows is one that it sent: then it knows the
    chat up to the viewer's newest message. Without one it gets the whole day, because a message
    that is shown twice is better than one that is hidden.
    """
    times = [each.create_time for each in listed]
    if after_ms in times or not times[0] < after_ms < times[-1] + _DAY_MS:
        return after_ms
    own = [each.create_time for each in listed if each.from_user_id == viewer]
    return min(after_ms, own[-1] if own else _midnight_ms(after_ms, zone) - 1)


def _time_ms(text: str | None, zone: tzinfo) -> int:
    """Read an ISO 8601 date; 0 for any other text."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)


def _midnight_ms(time_ms: int, zone: tzinfo) -> int:
    at = datetime.fromtimestamp(time_ms / 1000, zone)
    return int(at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
