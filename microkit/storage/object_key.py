"""Keys of objects."""

import re
from typing import Final

from microkit.errors import ParamError

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_MAX_LENGTH: Final = 255


def checked(key: str) -> str:
    """Return `key` if it is valid: names of letters, digits and ``._-``, separated by ``/``.

    Raises:
        ParamError: the key is invalid.
    """
    if len(key) > _MAX_LENGTH or not _KEY.fullmatch(key):
        raise ParamError("对象名称无效")
    return key
