"""The settings of the service."""

from dataclasses import dataclass

from microkit.config import Positive
from microkit.storage.settings import SqlSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings):
    """Those of every process and of its database, and how many threads hash passwords."""

    argon2_threads: Positive = 2
