"""The comments of an IDL file, which its parser drops."""

import re
from typing import Final

_DECLARATION: Final = re.compile(r"(?:struct|enum|service) (\w+) \{")
_FIELD: Final = re.compile(r"\s+(?:\d+: .*?(\w+)(?: \(.*\))?|(\w+) = \d+)\s+// (.*)")


class IdlComments:
    """The comments above declarations by name, and after fields by (declaration, field).

    Args:
        source: the text of the IDL file.
    """

    def __init__(self, source: str) -> None:
        self.declarations: dict[str, str] = {}
        self.fields: dict[tuple[str, str], str] = {}
        above: list[str] = []
        name = ""
        for line in source.splitlines():
            if opened := _DECLARATION.match(line):
                name = opened[1]
                self.declarations[name] = "\n".join(above)
            elif inner := _FIELD.match(line):
                self.fields[name, inner[1] or inner[2]] = inner[3]
            above = [*above, line[2:].strip()] if line.startswith("//") else []
