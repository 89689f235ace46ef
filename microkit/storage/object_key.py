"""Names of objects."""

import re
from typing import Final

from microkit.errors import ParamError

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_LONGEST: Final = 255


def checked(key: str) -> str:
    """Return `key`: names of letters, digits and ``._-``, with ``/`` between them.

    Raises:
        ParamError: this is no key.
    """
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        raise ParamError("对象名称无效")
    return key
