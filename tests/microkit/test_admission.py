"""Admission control: a limit, and refusals above it."""

import pytest

from microkit.admission import Admission
from microkit.errors import Overloaded, Retry


def test_callers_are_admitted_up_to_the_limit_and_refused_above_it():
    slots = Admission(2, "稍后再试")
    with slots, slots:
        with pytest.raises(Overloaded, match="稍后再试") as refused:
            slots.enter()
        assert refused.value.retry is Retry.NEVER_HANDLED
    with slots:
        pass


def test_a_slot_is_returned_when_its_block_fails():
    slots = Admission(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="why"), slots:
            raise ValueError("why")


def test_several_slots_can_be_returned_at_once():
    slots = Admission(3)
    for _ in range(3):
        slots.enter()
    slots.leave(3)
    for _ in range(3):
        slots.enter()
    with pytest.raises(Overloaded):
        slots.enter()
