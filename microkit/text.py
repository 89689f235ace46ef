"""Normal forms of texts."""

import unicodedata
from typing import Final

# Keyboards add these to emoji.
_EMOJI_PARTS: Final = {0x200D: None, 0xFE0E: None, 0xFE0F: None}


def normal(name: str) -> str:
    """Return the form in which names are compared: NFKC, without surrounding white space.

    Case and accents are significant.
    """
    return unicodedata.normalize("NFKC", name.translate(_EMOJI_PARTS)).strip()


def folded(text: str) -> str:
    """Return the form in which texts are searched: NFKC, without case."""
    # Folding undoes the normal form of some characters.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
