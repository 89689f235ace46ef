"""The HTTP application: routes and handlers on top of clients, objects and uploads."""

from pathlib import Path
from typing import Final

from aiohttp import web

from api import contract
from api.admission import Admission
from api.aggregate import Aggregate
from api.auth import Tokens
from api.clients import Clients
from api.handler.core import CoreHandler
from api.handler.interaction import InteractionHandler
from api.handler.relation import RelationHandler
from api.lists import Lists
from api.middleware import surround
from api.objects import ObjectHandler
from api.page import page_routes
from api.publishing import Publishing
from api.routes import routes
from api.settings import Settings
from api.upload import Uploads
from microkit.admin import Checks, health_response, metrics_response
from microkit.storage.minio import MinioObjects
from microkit.storage.objects import FileObjects

_BODY_BYTES: Final = 1 << 20
_PONG: Final = b'{"message":"pong"}'


def application(
    settings: Settings,
    *,
    clients: Clients,
    objects: FileObjects | MinioObjects,
    publishing: Publishing,
    uploads: Path,
    checks: Checks,
) -> web.Application:
    """Return the application: every route of the IDL, the page, the objects, and the process's own.

    Raises:
        TypeError: a method of the IDL has no handler.
        ConfigError: the settings have no usable secret.
    """
    tokens = Tokens(settings)
    lists, aggregate = Lists(clients), Aggregate(clients)
    receiver = Uploads(uploads, settings, tokens.user_of)
    handlers = {
        contract.core: CoreHandler(clients, lists, aggregate, tokens, publishing),
        contract.interaction: InteractionHandler(clients, lists, aggregate),
        contract.relation: RelationHandler(clients, lists, aggregate, settings.zone()),
    }
    admission = Admission(settings.api_max_requests)
    app = web.Application(middlewares=[surround], client_max_size=_BODY_BYTES)
    for described, handler in handlers.items():
        app.add_routes(routes(described, handler, tokens, receiver, admission, settings))

    async def ping(_: web.Request) -> web.Response:
        return web.Response(body=_PONG, content_type="application/json")

    async def healthz(_: web.Request) -> web.Response:
        return await health_response(checks)

    async def metrics(_: web.Request) -> web.Response:
        return metrics_response()

    app.router.add_get("/ping", ping)
    app.router.add_get("/ping/", ping)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    app.add_routes(page_routes())
    app.router.add_get("/objects/{key:.+}", ObjectHandler(objects).serve)
    return app
