"""Names of accounts: their normal form, in which they are unique."""

import unicodedata
from typing import Final

from microkit.errors import ParamError

LONGEST: Final = 32
# Control, format (zero-width and bidi), surrogate and private characters, line separators.
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
# Letters and marks that show nothing: joiners, fillers of Hangul, Khmer and Mongolian, braille.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
)
# Keyboards add these to emoji.
_EMOJI_PARTS: Final = {0x200D: None, 0xFE0E: None, 0xFE0F: None}


def normal(name: str) -> str:
    """Return the form in which names are compared: NFKC, without blanks at both ends.

    Upper and lower case, and letters with and without accents, stay different.
    """
    return unicodedata.normalize("NFKC", name.translate(_EMOJI_PARTS)).strip()


def checked(name: str) -> str:
    """Return the normal form of a new name.

    Raises:
        ParamError: it is empty or too long, or has a character that nobody can see.
    """
    found = normal(name)
    if any(unicodedata.category(each) in _UNSEEN or each in _BLANK for each in found):
        raise ParamError("用户名不能包含不可见字符或控制字符")
    if not 1 <= len(found) <= LONGEST:
        raise ParamError(f"用户名应为 1 到 {LONGEST} 个字符，且不能全是空白")
    return found
