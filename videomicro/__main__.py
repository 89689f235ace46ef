"""Starts the service: ``python -m videomicro``."""

from microkit.main import main
from videomicro import SERVICE

if __name__ == "__main__":
    main(SERVICE)
