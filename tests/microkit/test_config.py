"""Settings from the environment, and static addresses."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from fleet import SERVICES, AllSettings

import api
import commentmicro.settings
import idl
from microkit.config import ConfigError, Settings, load, variables
from microkit.discovery import Instance, open_resolver
from microkit.discovery.static import StaticResolver, parse

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_with_its_default():
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    listed = dict(line.split("=", 1) for line in lines)
    settings = {variable for variable, _ in variables(AllSettings).values()}
    addresses = {f"{service.name}_ADDRESSES".upper() for service in idl.SERVICES}
    assert set(listed) == settings | addresses
    assert len(listed) == len(lines)
    local = {service: f"127.0.0.1:{port}" for service, port in idl.ports().items()}
    assert load(AllSettings, listed) == load(AllSettings, {}, addresses=local)


def test_an_empty_variable_counts_as_unset():
    assert load(Settings, {"PORT": "", "LOG_LEVEL": ""}) == load(Settings, {})


def test_overrides_take_precedence_over_the_environment():
    assert load(Settings, {"PORT": "1"}, port=2).port == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "70000"), ("PORT", "x"), ("RPC_TRANSPORT", "http"), ("JWT_DAYS", "0")],
)
def test_an_invalid_value_is_an_error_with_its_variable(variable, value):
    with pytest.raises(ConfigError, match=f"{variable}='{value}'"):
        load(AllSettings, {variable: value})


def test_an_invalid_time_zone_is_an_error_with_its_variable():
    with pytest.raises(ConfigError, match="TIMEZONE"):
        load(commentmicro.settings.Settings, {"TIMEZONE": "Mars/North"}).zone()


@pytest.mark.parametrize(
    ("text", "instance"),
    [
        ("127.0.0.1:10000", Instance("127.0.0.1", 10000, 10)),
        (" video:1@7 ", Instance("video", 1, 7)),
        ("[::1]:65535", Instance("::1", 65535, 10)),
    ],
)
def test_an_address_has_a_host_a_port_and_an_optional_weight(text, instance):
    assert parse(text) == instance


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:", "host:x", "host:-1", "host:65536", "host:1@x", "host:1@-1"]
)
def test_an_invalid_address_is_an_error_with_its_text(text):
    with pytest.raises(ConfigError, match=re.escape(repr(text))):
        parse(text)


async def test_a_peer_may_have_several_addresses():
    settings = load(Settings, {"VIDEOSERVICE_ADDRESSES": "a:1, b:2@5"})
    resolver = StaticResolver(settings.addresses, {"videoservice": 1})
    instances = await resolver.resolve("videoservice")
    assert list(instances) == [Instance("a", 1), Instance("b", 2, 5)]


def test_a_peer_without_an_address_has_its_default_port_on_this_machine():
    assert list(StaticResolver({}, {"x": 7}).cached("x")) == [Instance("127.0.0.1", 7)]


def test_addresses_of_other_services_are_ignored():
    settings = load(Settings, {"MAIL_ADDRESSES": "ann@example.com"})
    assert list(StaticResolver(settings.addresses, {"x": 7}).cached("x"))


def test_packages_that_share_a_setting_share_its_default():
    defaults = {}
    for service in (*SERVICES, api.SERVICE):
        for name, default in vars(service.settings()).items():
            assert defaults.setdefault(name, default) == default, (service.name, name)


def test_a_service_reads_its_own_settings_only():
    assert "jwt_secret" not in variables(commentmicro.settings.Settings)
    assert "timezone" not in variables(Settings)


def test_an_invalid_secret_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        load(_Secretive, {"LEVEL_SECRET": "hunter2"})
    assert "LEVEL_SECRET" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_printed_settings_contain_no_secret():
    names = ("DATABASE_URL", "REDIS_URL", "OBJECTS_URL", "DISCOVERY_URL", "JWT_SECRET")
    printed = repr(load(AllSettings, dict.fromkeys(names, "hunter2")))
    assert "hunter2" not in printed


@dataclass(frozen=True, kw_only=True)
class _Secretive(Settings):
    level_secret: int = 0


async def test_an_unknown_kind_of_discovery_is_an_error():
    with pytest.raises(ConfigError, match="DISCOVERY_URL"):
        async with open_resolver(load(Settings, {"DISCOVERY_URL": "zookeeper://x"})):
            pass
