"""Starts the service: ``python -m commentmicro``."""

from commentmicro import SERVICE
from microkit.service import main

if __name__ == "__main__":
    main(SERVICE)
