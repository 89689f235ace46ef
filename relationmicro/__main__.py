"""Starts the service: ``python -m relationmicro``."""

from microkit.main import main
from relationmicro import SERVICE

if __name__ == "__main__":
    main(SERVICE)
