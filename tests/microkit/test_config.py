"""Settings from the environment."""

from pathlib import Path

import msgspec
import pytest

from microkit.config import ConfigError, Settings, load

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
