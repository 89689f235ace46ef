"""The bounds of fields as JSON Schema keywords."""

import re
from typing import Any, Final

from microkit.rpc.bounds import message_of

_TERM: Final = re.compile(r"(mblen\(\$\)|mblen\(trim\(\$\)\)|\$) (==|>=|<=|>|<) (\d+)")
_LENGTHS: Final = {">=": "minLength", "<=": "maxLength"}
_NUMBERS: Final = {
    ">=": ("minimum", 0),
    "<=": ("maximum", 0),
    ">": ("minimum", 1),
    "<": ("maximum", -1),
}
# What `str.strip` leaves: JSON Schema's \s lacks the last two groups.
_NOT_BLANK: Final = r"[^\s\u001c-\u001f\u0085]"


def limits(bound: str) -> dict[str, Any]:
    """Return the JSON Schema keywords of a bound, and its message as ``x-message``.

    Raises:
        ValueError: JSON Schema has no keywords for the bound.
    """
    condition = bound.partition("; msg: ")[0].strip()
    one_of, all_of = condition.split(" || "), condition.split(" && ")
    if len(one_of) > 1 and len(all_of) > 1:
        raise ValueError(f"api.vd: {bound!r} mixes && and ||")
    keywords = _choice(one_of) if "==" in condition else _range(all_of)
    return {**keywords, "x-message": message_of(bound)}


def _choice(terms: list[str]) -> dict[str, Any]:
    parsed = [_parsed(term) for term in terms]
    if any((subject, operator) != ("$", "==") for subject, operator, _ in parsed):
        raise ValueError(f"api.vd: no schema for {terms}")
    return {"enum": [number for _, _, number in parsed]}


def _range(terms: list[str]) -> dict[str, Any]:
    keywords: dict[str, Any] = {}
    for subject, operator, number in map(_parsed, terms):
        if subject == "$":
            keyword, offset = _NUMBERS[operator]
            keywords[keyword] = number + offset
        elif subject == "mblen($)":
            keywords[_LENGTHS[operator]] = number
        elif (operator, number) == (">=", 1):
            # At least one character that is not white space.
            keywords |= {"minLength": 1, "pattern": _NOT_BLANK}
        else:
            raise ValueError(f"api.vd: no schema for {terms}")
    return keywords


def _parsed(term: str) -> tuple[str, str, int]:
    match = _TERM.fullmatch(term.strip())
    if match is None:
        raise ValueError(f"api.vd: no schema for {term!r}")
    return match[1], match[2], int(match[3])
