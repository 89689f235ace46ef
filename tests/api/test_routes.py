"""Routes are built from the IDL."""

import pytest

from api.routes import endpoints
from api.settings import Settings
from idl import core


def test_a_method_without_a_handler_fails_at_start_with_its_name():
    with pytest.raises(TypeError, match="FeedMethod"):
        list(endpoints(core.CONTRACT, object(), None, Settings()))
