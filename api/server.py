"""The HTTP server: opens what the application needs and serves it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from aiohttp import web

from api.app import application
from api.clients import Clients
from api.connections import Limits
from api.defaults import store_assets
from api.events import Events, Live
from api.media import MediaWorkers
from api.moderation_page import PATH, ModerationPage
from api.notices import Notices
from api.operators import Operators
from api.orphans import DailySweep, Orphans, referrers
from api.pictures import Pictures
from api.protocol import Runner
from api.publishing import Publishing
from api.removing import Removing
from api.rendering import Rendering
from api.sessions import Sessions
from api.settings import Settings
from api.upload import upload_folder
from api.words import WordList
from microkit.background import running
from microkit.context import Context
from microkit.errors import Error
from microkit.network import Address
from microkit.service import Service
from microkit.storage.token_bucket import LimitStore

# The APK sends messages in the query: up to 1,000 characters of 12 bytes (4 in UTF-8, escaped).
_MAX_LINE_BYTES: Final = 64 << 10
# A rendition that gets no further for so long has failed; the machine may be very busy.
_RENDER_SECONDS: Final = 600.0


@asynccontextmanager
async def open_server(
    _: Service[Any], context: Context[Settings], address: Address
) -> AsyncIterator[int]:
    """Serve until the block ends, then drain requests in flight. Yields the port.

    Raises:
        ConfigError: a setting cannot be used.
        StoreError: the object store does not answer.
        OSError: the port is in use.
    """
    settings = context.settings
    objects = await context.objects()
    clients = Clients.of(context)
    operators = ModerationPage(Operators(clients), settings.jwt_secret, settings.zone())
    context.pages[PATH] = operators.serve
    words = WordList.load(settings.words_file)
    # An outage of Redis only ends the limits, and delays what open pages show.
    redis = await context.redis(checked=False)
    limit_store = LimitStore(redis)
    async with AsyncExitStack() as stack:
        if settings.objects_public_url and not settings.objects_presigned:
            await stack.enter_async_context(running(store_assets(objects)))
        workers = await stack.enter_async_context(MediaWorkers(workers=settings.media_workers))
        uploads = stack.enter_context(upload_folder(settings.upload_dir))
        rendering = None
        if settings.media_renditions:
            renderers = await stack.enter_async_context(
                MediaWorkers(
                    timeout_seconds=_RENDER_SECONDS,
                    niceness=settings.media_niceness,
                    name="renditions",
                )
            )
            lease = settings.media_lease_seconds
            rendering = Rendering(clients, objects, renderers, uploads, lease)
            await stack.enter_async_context(running(rendering.run()))
        publishing = Publishing(clients, objects, workers, rendering=rendering)
        stack.push_async_callback(publishing.close)
        pictures = Pictures(clients, objects, workers)
        stack.push_async_callback(pictures.close)
        removing = Removing(clients, objects)
        stack.push_async_callback(removing.close)
        await stack.enter_async_context(running(removing.run()))
        if settings.sweep_objects:
            sweep = DailySweep(Orphans(objects, referrers(clients)), clients)
            await stack.enter_async_context(running(sweep.run()))
        notices = Notices(redis, settings)
        stack.push_async_callback(notices.close)
        await stack.enter_async_context(running(notices.receive()))
        events = Events(notices, settings.events_at_once, settings.events_per_account)
        sessions = Sessions(clients.users, settings.jwt_days)
        with suppress(Error):  # else `watch` asks again
            await sessions.load()
        await stack.enter_async_context(running(sessions.watch()))
        app = application(
            settings,
            clients=clients,
            objects=objects,
            limit_store=limit_store,
            live=Live(notices, events),
            sessions=sessions,
            publishing=publishing,
            pictures=pictures,
            removing=removing,
            words=words,
            uploads=uploads,
            checks=context.checks,
        )
        runner = Runner(
            app,
            Limits.of(settings),
            access_log=None,
            drain_seconds=settings.stop_grace_seconds,
            max_line_size=_MAX_LINE_BYTES,
            auto_decompress=False,  # such bodies are refused (api/form.py)
        )
        stack.push_async_callback(runner.cleanup)
        stack.callback(events.stop)  # first: nothing else ends a stream
        await runner.setup()
        host, port, shared = address
        await web.TCPSite(runner, host, port, reuse_port=shared, backlog=1024).start()
        yield runner.addresses[0][1]
