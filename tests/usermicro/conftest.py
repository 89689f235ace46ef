"""A client of userservice."""

import pytest


@pytest.fixture
async def users(fleet):
    return fleet.client("userservice")
