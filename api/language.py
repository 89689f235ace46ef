"""The language of messages: English for clients that prefer it to Chinese, else Chinese.

Clients without an ``Accept-Language`` get Chinese, and so does the APK, which is known by its HTTP
library: its users read the messages that they always read.
"""

import copy
import functools
import re
from collections.abc import Mapping
from typing import Final

from api.english import MESSAGES
from microkit.errors import Error

_APK: Final = "okhttp/"
_MEMORY: Final = 1024  # texts and headers; a header of a client is as long as it likes
_LONGEST: Final = 256
_PATTERNS: Final = [
    (re.compile(re.escape(chinese).replace(r"\{\}", "(.+?)"), re.DOTALL), english)
    for chinese, english in MESSAGES.items()
    if "{}" in chinese
]


def speaks_english(headers: Mapping[str, str]) -> bool:
    """Return whether the client with these request headers gets English messages."""
    accepted = headers.get("Accept-Language")
    if not accepted or len(accepted) > _LONGEST or headers.get("User-Agent", "").startswith(_APK):
        return False
    return _prefers_english(accepted)


def spoken(error: Error, headers: Mapping[str, str]) -> Error:
    """Return the error in the client's language; an unknown message becomes its class's default."""
    if not speaks_english(headers):
        return error
    translated = copy.copy(error)
    translated.message = english(error.message) or english(error.default) or error.message
    return translated


@functools.lru_cache(maxsize=_MEMORY)
def english(chinese: str) -> str | None:
    """Return the English text for a message; None if it is unknown."""
    found = MESSAGES.get(chinese)
    if found is not None:
        return found
    for pattern, text in _PATTERNS:
        match = pattern.fullmatch(chinese)
        if match:
            return text.format(*(MESSAGES.get(part, part) for part in match.groups()))
    return None


@functools.lru_cache(maxsize=_MEMORY)
def _prefers_english(accepted: str) -> bool:
    best, language = 0.0, "zh"
    for item in accepted.lower().split(","):
        tag, _, parameter = item.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        named = tag.strip().partition("-")[0]
        if named in {"en", "zh"} and quality > best:  # of two with the same quality, the first one
            best, language = quality, named
    return language == "en"
