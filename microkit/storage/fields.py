"""Column types with the same semantics on every engine."""

from typing import Any

from peewee import Field


class BytesKeyField(Field):
    """A key compared byte by byte: case, accents and trailing spaces are significant.

    Text columns do not work: MySQL's collations ignore trailing spaces, and the NO PAD collations
    differ between MySQL and MariaDB.
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
