"""Admission: a limit, and refusals when it is reached."""

import pytest

from microkit.admission import Admission
from microkit.errors import Overloaded, Retry


def test_as_many_as_the_limit_are_admitted_and_the_next_is_refused():
    places = Admission(2, "稍后再试")
    with places, places:
        with pytest.raises(Overloaded, match="稍后再试") as refused:
            places.enter()
        assert refused.value.retry is Retry.NEVER_HANDLED
    with places:
        pass


def test_a_place_is_given_back_when_its_work_fails():
    places = Admission(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="why"), places:
            raise ValueError("why")


def test_several_places_are_given_back_at_once():
    places = Admission(3)
    for _ in range(3):
        places.enter()
    places.leave(3)
    for _ in range(3):
        places.enter()
    with pytest.raises(Overloaded):
        places.enter()
