"""Column types that mean the same on every engine."""

from typing import Any

from peewee import Field


class BytesKeyField(Field):
    """A key that is compared byte by byte: no case, no accent, no trailing space is ignored.

    MySQL's text collations pad with spaces, and which ones do not differs between its kinds.
    """

    field_type = "VARBINARY"

    def __init__(self, max_length: int, **options: Any) -> None:
        self.max_length = max_length
        super().__init__(**options)

    def get_modifiers(self) -> list[int]:
        """Return the length, in bytes."""
        return [self.max_length]

    def db_value(self, value: str | bytes | None) -> bytes | None:
        """Return a text as its UTF-8 bytes."""
        return value.encode() if isinstance(value, str) else value
