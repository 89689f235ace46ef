"""Bounds of fields, as the IDL writes them: ``(api.vd = "mblen($) >= 1; msg: what to tell")``.

`$` is the value; there are ``mblen()`` (characters of a text), ``trim()``, comparisons with whole
numbers, ``&&`` and ``||``.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

import msgspec

from microkit.errors import ParamError
from microkit.rpc.contract import Struct, fields_of

_TOKEN = re.compile(r"\s*(?:(mblen|trim)(?=\s*\()|(\$)|(\d+)|(&&|\|\|)|(==|!=|>=|<=|>|<)|([()]))")
_PYTHON = {"$": "value", "&&": " and ", "||": " or ", "mblen": "len", "trim": "str.strip"}

Check = Callable[[Any], bool]


def validate(request: msgspec.Struct) -> None:
    """Hold every field that is set against its bounds.

    Raises:
        ParamError: with the message of the first that is out of them.
    """
    for name, check, message in _bounds(type(request)):
        value = getattr(request, name)
        if value is not None and not check(value):
            raise ParamError(message)


@functools.cache
def _bounds(struct: Struct) -> tuple[tuple[str, Check, str], ...]:
    return tuple(
        (field.name, *compiled(field.annotations["api.vd"]))
        for field in fields_of(struct)
        if "api.vd" in field.annotations
    )


def compiled(annotation: str) -> tuple[Check, str]:
    """Return the check of an annotation, and the message for when it fails.

    Raises:
        ValueError: it is not written in the way above.
    """
    expression, _, message = annotation.partition("; msg: ")
    parts, at = [], 0
    while at < len(expression.rstrip()):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise ValueError(f"api.vd: cannot read {expression[at:]!r} of {annotation!r}")
        text = token.group().strip()
        parts.append(_PYTHON.get(text, text))
        at = token.end()
    # Only the tokens above get here.
    check: Check = eval(  # noqa: S307
        f"lambda value: {''.join(parts)}", {"__builtins__": {}, "len": len, "str": str}
    )
    return check, message
