"""The framework of every process: RPC, storage, discovery, logs, metrics. Names no service."""

from typing import Final

__version__: Final = "0.1.0"
