"""Bounds of fields, declared in the IDL: ``(api.vd = "mblen($) >= 1; msg: the message")``.

The language is the subset of Hertz's ``api.vd`` that the IDL uses: `$` (the value), ``mblen()``
(characters of a text), ``trim()``, comparisons with integers, ``&&`` and ``||``. An unset field is
within its bounds. ``(api.when = "other == 1")`` limits the check to that value of another field.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

from microkit.errors import ParamError
from microkit.rpc.structs import Field, Struct, fields_of

_TOKEN = re.compile(r"\s*(?:(mblen|trim)(?=\s*\()|(\$)|(\d+)|(&&|\|\|)|(==|!=|>=|<=|>|<)|([()]))")
_PYTHON = {"$": "field", "&&": " and ", "||": " or ", "mblen": "len", "trim": "str.strip"}
_WHEN = re.compile(r"([a-z_]+) == (\d+)")

Check = Callable[[Any], None]


@functools.cache
def check_of(struct: Struct) -> Check | None:
    """Compile the check of a struct, nested structs included; None if it has no bounds.

    The check raises ParamError with the message of the first broken bound.

    Raises:
        ValueError: a bound cannot be parsed.
    """
    scope: dict[str, Any] = {"ParamError": ParamError}
    lines: list[str] = []
    for f in fields_of(struct):
        lines += _lines(f, scope)
    if not lines:
        return None
    text = "\n".join(["def check(value):", *lines])
    exec(text, scope)  # noqa: S102 - made only of names in the IDL and the tokens above
    check: Check = scope["check"]
    return check


@functools.cache
def bound_check(bound: str) -> Check:
    """Compile one bound, for a value that is checked again after it was changed.

    The check raises ParamError with the message of the bound.
    """
    condition, message = _parse(bound)
    within: Callable[[Any], bool] = eval(f"lambda field: {condition}")  # noqa: S307 - see check_of

    def check(value: object) -> None:
        if not within(value):
            raise ParamError(message)

    return check


def message_of(bound: str) -> str:
    """Return the error message of a bound."""
    return _parse(bound)[1]


def _lines(f: Field, scope: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if "api.vd" in f.annotations:
        condition, message = _parse(f.annotations["api.vd"])
        scope[f"message_{f.id}"] = message
        lines += [
            f"    field = value.{f.name}",
            f"    if {_when(f)}field is not None and not ({condition}):",
            f"        raise ParamError(message_{f.id})",
        ]
    inner = f.type.struct or f.type.element
    check = check_of(inner) if inner is not None else None
    if check is not None:
        scope[f"check_{f.id}"] = check
        lines.append(f"    if value.{f.name} is not None:")
        if f.type.struct is not None:
            lines.append(f"        check_{f.id}(value.{f.name})")
        else:
            values = ".values()" if f.type.name.startswith("map") else ""
            lines.append(f"        for each in value.{f.name}{values}: check_{f.id}(each)")
    return lines


def _when(f: Field) -> str:
    when = f.annotations.get("api.when")
    return "" if when is None else "value.{} == {} and ".format(*condition_of(when))


def condition_of(when: str) -> tuple[str, int]:
    """Parse ``other == 1``: the name of the other field and its value.

    Raises:
        ValueError: the condition has another form.
    """
    match = _WHEN.fullmatch(when)
    if match is None:
        raise ValueError(f"api.when: cannot parse {when!r}: want name == number")
    return match[1], int(match[2])


def _parse(bound: str) -> tuple[str, str]:
    """Return the condition as a Python expression of `field`, and the error message."""
    expression, _, message = bound.partition("; msg: ")
    parts, at = [], 0
    while at < len(expression.rstrip()):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise ValueError(f"api.vd: cannot parse {expression[at:]!r} of {bound!r}")
        text = token.group().strip()
        parts.append(_PYTHON.get(text, text))
        at = token.end()
    return "".join(parts), message
