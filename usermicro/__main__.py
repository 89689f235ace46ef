"""Starts the service: ``python -m usermicro``."""

from microkit.service import main
from usermicro import SERVICE

if __name__ == "__main__":
    main(SERVICE)
