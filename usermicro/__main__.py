"""Starts the service: ``python -m usermicro``."""

from microkit.main import main
from usermicro import SERVICE

if __name__ == "__main__":
    main(SERVICE)
