"""What every process is built from. It knows Thrift and HTTP, and no service by name."""

from typing import Final

__version__: Final = "0.1.0"
