"""Settings from the environment."""

import re
from pathlib import Path

import msgspec
import pytest

from microkit.config import ConfigError, Settings, load
from microkit.discovery import Instance, open_resolver
from microkit.discovery.static import StaticResolver, parse

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_with_its_default():
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    listed = dict(line.split("=", 1) for line in lines)
    fields = msgspec.structs.fields(Settings)
    assert sorted(listed) == sorted(field.name.upper() for field in fields)
    assert load(listed) == load({})


def test_an_empty_variable_is_an_unset_one():
    assert load({"PORT": "", "LOG_LEVEL": ""}) == load({})


def test_arguments_win_over_the_environment():
    assert load({"PORT": "1"}, port=2).port == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "70000"), ("PORT", "x"), ("RPC_TRANSPORT", "http"), ("JWT_DAYS", "0")],
)
def test_a_bad_value_is_named_with_what_is_allowed(variable, value):
    with pytest.raises(ConfigError, match=f"{variable}='{value}'"):
        load({variable: value})


def test_a_bad_time_zone_is_named():
    with pytest.raises(ConfigError, match="TIMEZONE"):
        load({"TIMEZONE": "Mars/North"}).zone()


@pytest.mark.parametrize(
    ("text", "instance"),
    [
        ("127.0.0.1:10000", Instance("127.0.0.1", 10000, 10)),
        (" video:1@7 ", Instance("video", 1, 7)),
        ("[::1]:65535", Instance("::1", 65535, 10)),
    ],
)
def test_an_address_is_a_host_a_port_and_perhaps_a_weight(text, instance):
    assert parse(text) == instance


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:", "host:x", "host:-1", "host:65536", "host:1@x", "host:1@-1"]
)
def test_an_address_that_is_none_is_named(text):
    with pytest.raises(ConfigError, match=re.escape(repr(text))):
        parse(text)


async def test_a_peer_may_have_several_addresses():
    settings = load({"VIDEOSERVICE_ADDRESSES": "a:1, b:2@5"})
    instances = await StaticResolver(settings).resolve("videoservice")
    assert list(instances) == [Instance("a", 1), Instance("b", 2, 5)]


async def test_no_other_discovery_than_the_known_ones_is_opened():
    with pytest.raises(ConfigError, match="DISCOVERY_URL"):
        async with open_resolver(load({"DISCOVERY_URL": "zookeeper://x"})):
            pass
