"""The process of an attacker: ``python -m scripts.endurance.attacker NAME``, target on stdin."""

import asyncio
import json
import resource
import sys
from pathlib import Path

from scripts.endurance.attacks import ATTACKS
from scripts.endurance.attacks.target import Target


def main() -> None:
    """Attack until killed; print ``ready`` before."""
    given = json.loads(sys.stdin.readline())
    target = Target(
        given["http"], given["rpc"], given["token"], given["object_path"], Path(given["clip"])
    )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asyncio.run(ATTACKS[sys.argv[1]](target))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
