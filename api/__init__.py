"""The HTTP API: HTTP in, RPC out."""

import idl
from api.settings import Settings
from microkit.service import Service

SERVICE = Service(
    "api",
    "api",
    8888,
    settings=Settings,
    peers=idl.ports(),
    server="api.server",
    commands=(
        "sweep",
        "sweep --dry-run",
        "moderate",
        "moderate --hide-video=N",
        "moderate --show-video=N",
        "moderate --hide-user=N",
        "moderate --show-user=N",
    ),
    registers=False,
    processes=lambda settings: settings.api_workers,
)
