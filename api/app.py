"""The HTTP application: middlewares, routes and handlers."""

from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from api.accounts import Accounts
from api.address import Addresses
from api.aggregate import Aggregate
from api.auth import Tokens
from api.clients import Clients
from api.events import Live
from api.facts import FactLoader
from api.guesses import Guesses
from api.handler.core import CoreHandler
from api.handler.finding import FindingHandler
from api.handler.interaction import InteractionHandler
from api.handler.moderation import ModerationHandler
from api.handler.relation import RelationHandler
from api.limits import ActionLimits
from api.lists import Lists
from api.middleware import (
    admission,
    chain,
    envelopes,
    existence,
    identity,
    observation,
    reception,
    settling,
)
from api.objects import ObjectHandler
from api.page import page_routes
from api.pictures import Pictures
from api.publishing import Publishing
from api.recommended import Recommended
from api.reference.page import reference_routes
from api.removing import Removing
from api.routes import Endpoint, ObjectBase, endpoints
from api.sessions import Sessions
from api.settings import Settings
from api.share import SharePage
from api.tracing import span_details
from api.upload import Uploads
from api.words import WordList
from idl import core, finding, interaction, moderation, relation
from microkit.admin import Checks, health
from microkit.storage.objects import Objects
from microkit.storage.token_bucket import LimitStore
from microkit.tracing import enabled

_BODY_BYTES: Final = 1 << 20
_JSON: Final = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
_PONG: Final = b'{"message":"pong"}'


def application(
    settings: Settings,
    *,
    clients: Clients,
    objects: Objects,
    limit_store: LimitStore,
    live: Live,
    sessions: Sessions,
    publishing: Publishing,
    pictures: Pictures,
    removing: Removing,
    words: WordList | None,
    uploads: Path,
    checks: Checks,
) -> web.Application:
    """Return the application: the IDL's routes, their reference, the web client, the objects.

    Raises:
        TypeError: a method of the IDL has no handler.
        ConfigError: JWT_SECRET is missing or too short.
    """
    tokens, accounts = Tokens(settings, sessions.ended), Accounts(clients)
    addresses = Addresses(settings.trusted_proxies, settings.limit_exempt_addresses)
    limits = ActionLimits(limit_store, settings, addresses)

    async def admit_upload(user_id: int, limit: str) -> None:
        await accounts.must_exist(user_id)
        await limits.take(limit, user_id)

    lists, facts = Lists(clients), FactLoader(clients)
    aggregate, recommended = Aggregate(facts), Recommended(clients, lists, limit_store)
    receiver = Uploads(
        uploads, settings, user_of=tokens.user_of, admit=admit_upload, address_of=addresses.of
    )
    handlers = {
        core.CONTRACT: CoreHandler(
            clients, lists, aggregate, tokens, publishing, pictures, removing
        ),
        interaction.CONTRACT: InteractionHandler(clients, lists, aggregate),
        relation.CONTRACT: RelationHandler(clients, lists, aggregate, live, settings.zone()),
        finding.CONTRACT: FindingHandler(clients, lists, aggregate, recommended),
        moderation.CONTRACT: ModerationHandler(clients, aggregate, live.notices),
    }
    by_handler: dict[Handler, Endpoint] = {
        endpoint.handle: endpoint
        for contract, handler in handlers.items()
        for endpoint in endpoints(contract, handler, tokens, settings, words)
    }
    traced = enabled(settings)
    app = web.Application(
        client_max_size=_BODY_BYTES,
        # Outermost first. Another limit is one more line: a link of the chain, or a middleware of
        # aiohttp beside it.
        middlewares=[
            chain(
                by_handler,
                [
                    identity(traced=traced),
                    envelopes,
                    observation,
                    *([span_details] if traced else ()),
                    settling,
                    reception(receiver),
                    admission(settings.api_max_requests),
                    existence(accounts),
                    limits.link,
                    Guesses(limit_store, settings, addresses).link,
                ],
            )
        ],
    )
    for endpoint in by_handler.values():
        app.add_routes(endpoint.routes())

    async def ping(_: web.Request) -> web.Response:
        return web.Response(body=_PONG, headers=_JSON)

    async def healthz(_: web.Request) -> web.Response:
        # The names of the failed checks are on the admin port only.
        failed = await health(checks)
        body = b'{"status":"unavailable"}' if failed else b'{"status":"ok"}'
        return web.Response(body=body, status=503 if failed else 200, headers=_JSON)

    app.router.add_get("/ping", ping)
    app.router.add_get("/ping/", ping)
    app.router.add_get("/healthz", healthz)
    app.add_routes(page_routes())
    share = SharePage(lists, facts, ObjectBase(settings))
    app.router.add_get(r"/v/{id:\d{1,19}}", share.serve)

    async def close_recommended(_: web.Application) -> None:
        await recommended.close()

    app.on_cleanup.append(close_recommended)
    app.add_routes(reference_routes(handlers))
    app.router.add_get("/objects/{key:.+}", ObjectHandler(objects).serve)
    return app
