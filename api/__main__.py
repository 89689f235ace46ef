"""Starts the HTTP API: ``python -m api``."""

from api.process import main

if __name__ == "__main__":
    main()
