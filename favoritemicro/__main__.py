"""Starts the service: ``python -m favoritemicro``."""

from favoritemicro import SERVICE
from microkit.main import main

if __name__ == "__main__":
    main(SERVICE)
