"""Chats of an original relationservice: newest first, without ids, dates instead of times."""

from datetime import datetime
from zoneinfo import ZoneInfo

import idl
from api.pack.message import chat
from microkit.rpc.contract import Contract

ANN, BOB = 1, 2
ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = int(datetime(2026, 11, 25, tzinfo=ZONE).timestamp() * 1000)
NOON = MIDNIGHT + 12 * 3_600_000
Message = Contract(idl.load("relationmicro")).Message


def stored(*written, day="2026-11-25"):
    """The response of the original service; `written` is oldest first."""
    return [
        Message(
            id=0, from_user_id=sender, to_user_id=BOB if sender == ANN else ANN, content=text,
            create_time=day,
        )
        for sender, text in reversed(written)
    ]  # fmt: skip


def texts(messages):
    return [message.content for message in messages]


def poll(answer, after_ms):
    return texts(chat(answer, ANN, after_ms, ZONE))


def test_a_chat_is_shown_oldest_first_with_ids_and_growing_times():
    answer = stored((BOB, "1"), (ANN, "2"), (BOB, "3"))
    older = stored((BOB, "0"), day="2026-11-24")
    shown = chat(answer + older, ANN, 0, ZONE)
    assert texts(shown) == ["0", "1", "2", "3"]
    assert [message.create_time for message in shown[1:]] == [MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 2]
    assert len({message.id for message in shown}) == 4
    assert all(message.id > 0 for message in shown)
    assert chat([], ANN, 0, ZONE) == chat([], ANN, NOON, ZONE) == []


def test_a_poll_with_the_newest_time_returns_new_messages_once():
    written = [(BOB, "1"), (ANN, "2")]
    newest = chat(stored(*written), ANN, 0, ZONE)[-1].create_time
    assert poll(stored(*written), newest) == []
    written += [(BOB, "3"), (ANN, "4"), (BOB, "5")]
    assert poll(stored(*written), newest) == ["3", "5"]
    newest = chat(stored(*written), ANN, newest, ZONE)[-1].create_time
    assert poll(stored(*written), newest) == []


def test_a_poll_with_the_clients_own_clock_returns_messages_after_the_one_it_sent():
    written = [(BOB, "1"), (ANN, "sent at noon")]
    assert poll(stored(*written), NOON) == []
    written += [(BOB, "2"), (BOB, "3")]
    answer = chat(stored(*written), ANN, NOON, ZONE)
    assert texts(answer) == ["2", "3"]
    assert poll(stored(*written), answer[-1].create_time) == []


def test_a_poll_by_a_user_without_messages_returns_the_whole_day():
    answer = stored((BOB, "today")) + stored((BOB, "yesterday"), day="2026-11-24")
    assert poll(answer, NOON) == ["today"]
    assert poll(answer, NOON + 86_400_000) == []
    assert poll(answer, 1) == ["yesterday", "today"]
    assert poll(answer, 2**62) == poll(answer[:0], -1) == []


def test_times_in_text_keep_their_order():
    answer = stored((ANN, "1"), day=str(NOON)) + stored((BOB, "2"), day=str(NOON + 5))
    assert texts(chat(answer, ANN, 0, ZONE)) == ["1", "2"]
    assert poll(answer, NOON) == ["2"]


def test_unreadable_times_are_replaced_by_increasing_ones():
    answer = stored((BOB, "1"), (BOB, "2"), day="noon")
    shown = chat(answer, ANN, 0, ZONE)
    assert [message.create_time for message in shown] == [1, 2]
    assert poll(answer, 1) == ["2"]
