"""``scripts/bench``: start a system, fill it, replay every case, print what it cost."""

# Imports nothing that has to be installed: `scripts/bench --help` runs this module.
import argparse
from pathlib import Path
from typing import Final

from microkit import __version__

_CONNECTIONS: Final = (1, 32, 256)
_ROUNDS: Final = 4


def parse() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of load per case (default 4)")
    parser.add_argument("--connections", type=int, nargs="+", default=_CONNECTIONS, metavar="N",
                        help="each case is run with each (default 1 32 256)")  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT",
                        help="cases whose name contains one of these")  # fmt: skip
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--real", action="store_true", help="on MariaDB, Redis, S3 and etcd")
    kind.add_argument("--rpc", action="store_true", help="RPC alone, against Kitex's; needs Go")
    kind.add_argument("--compare", type=Path, metavar="CHECKOUT",
                      help="run another checkout in turn with this one, print ratios")  # fmt: skip
    kind.add_argument("--growth", type=float, nargs="?", const=1.0, metavar="SCALE",
                      help="compare with far more data; 1 is a million users")  # fmt: skip
    kind.add_argument("--tracing", type=float, nargs="?", const=0.01, metavar="RATIO",
                      help="compare with this share of requests traced, and with none")  # fmt: skip
    kind.add_argument("--replicas", type=int, nargs="?", const=3, metavar="N",
                      help="compare N processes a service and two APIs with one each")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=_ROUNDS,
                        help="runs of each case on both systems (default 4)")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the report to this file too")
    parser.add_argument("--version", action="version", version=f"scripts/bench {__version__}")
    return parser.parse_args()


if __name__ == "__main__":
    parse()
