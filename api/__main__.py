"""Starts the HTTP API: ``python -m api``."""

from api import SERVICE
from microkit.main import main

if __name__ == "__main__":
    main(SERVICE)
