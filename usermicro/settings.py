"""The service's settings."""

from dataclasses import dataclass

from microkit.config import Positive
from microkit.storage.settings import SqlSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings):
    """Common and SQL settings, and the number of threads that hash passwords."""

    argon2_threads: Positive = 2
