"""The composition root of the HTTP API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from api import contract
from api.admission import Admission
from api.aggregate import Aggregate
from api.auth import Tokens
from api.clients import Clients, open_clients
from api.handler.core import CoreHandler
from api.handler.interaction import InteractionHandler
from api.handler.relation import RelationHandler
from api.lists import Lists
from api.media import MediaWorkers
from api.middleware import surround
from api.objects import ASSETS, ObjectHandler, content_type
from api.page import page_routes
from api.protocol import Runner
from api.publishing import Publishing
from api.routes import routes
from api.upload import Uploads, own_folder
from microkit.admin import Checks, health_response, metrics_response, open_admin
from microkit.config import Settings
from microkit.discovery import open_resolver
from microkit.service import Running
from microkit.storage.minio import MinioObjects
from microkit.storage.objects import FileObjects, open_objects

PORT: Final = 8888
_BODY_BYTES: Final = 1 << 20
_LINE_BYTES: Final = 64 << 10
_PONG: Final = b'{"message":"pong"}'


def application(
    settings: Settings,
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


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[Running]:
    """Serve until the block ends; then finish what is in flight.

    Raises:
        ConfigError: a setting cannot be used.
        OSError: a port is in use.
    """
    host = settings.listen_host
    port = PORT if settings.port is None else settings.port
    admin_port = PORT + 100 if settings.admin_port is None else settings.admin_port
    async with AsyncExitStack() as stack:
        objects = await stack.enter_async_context(open_objects(settings))
        await _offer_assets(objects, settings)
        resolver = await stack.enter_async_context(open_resolver(settings))
        clients = await stack.enter_async_context(open_clients(settings, resolver))
        workers = await stack.enter_async_context(MediaWorkers(workers=settings.media_workers))
        publishing = Publishing(clients, objects, workers)
        stack.push_async_callback(publishing.close)
        uploads = stack.enter_context(own_folder(settings.upload_dir))
        checks = {
            "objects": objects.check,
            **{getattr(clients, name).service: getattr(clients, name).check
               for name in clients.__slots__},
        }  # fmt: skip
        app = application(settings, clients, objects, publishing, uploads, checks)
        runner = Runner(
            app,
            access_log=None,
            shutdown_timeout=settings.stop_grace_seconds,
            # The APK sends whole messages in the query: 1,000 characters, three times four bytes.
            max_line_size=_LINE_BYTES,
        )
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        several = settings.api_workers > 1
        await web.TCPSite(runner, host, port, reuse_port=several, backlog=1024).start()
        own_port: int = runner.addresses[0][1]
        admin = open_admin(host, admin_port, checks, reuse_port=several)
        yield Running(host, own_port, await stack.enter_async_context(admin))


async def _offer_assets(objects: FileObjects | MinioObjects, settings: Settings) -> None:
    """Put the default pictures where clients fetch them, if that is not here."""
    if not settings.objects_public_url or settings.objects_presigned:
        return
    for asset in sorted(ASSETS.iterdir()):
        await objects.put(f"default/{asset.name}", asset, content_type(asset.name))
