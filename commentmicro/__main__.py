"""Starts the service: ``python -m commentmicro``."""

from commentmicro import SERVICE
from microkit.main import main

if __name__ == "__main__":
    main(SERVICE)
