"""Validation of new account names."""

import unicodedata
from typing import Final

from idl import bounds
from microkit.errors import ParamError
from microkit.rpc.bounds import bound_check
from microkit.text import normal

# Control, format (zero-width and bidi), surrogate and private characters, line separators.
_INVISIBLE: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
# Letters and marks without a glyph: joiners, Hangul, Khmer and Mongolian fillers, blank braille.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
)


def checked(name: str) -> str:
    """Return the normal form of a new name.

    Raises:
        ParamError: the name is empty, too long or has an invisible character.
    """
    normalized = normal(name)
    if any(unicodedata.category(each) in _INVISIBLE or each in _BLANK for each in normalized):
        raise ParamError("用户名不能包含不可见字符或控制字符")
    bound_check(bounds.USERNAME)(normalized)  # the normal form may be longer, or empty
    return normalized
