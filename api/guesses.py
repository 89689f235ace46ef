"""Limits of logins and registrations per address; guessers are refused before a hash is computed.

A failed login takes a token of its address's bucket for the account. If the address has never
logged in to the account, it also takes one of the address's bucket for all accounts. A login
reserves the tokens and puts them back if the password was right, so that neither strangers at
other addresses nor many people at one address keep an owner out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from api import keys
from api.address import Addresses
from api.limits import refused
from api.middleware import Target
from api.routes import RECEIVED
from api.settings import Settings
from api.turns import Turns
from microkit.errors import Error, ParamError, Retry
from microkit.storage.redis import Script
from microkit.storage.token_bucket import BUCKETS, Buckets, LimitStore, Rate

LOGINS: Final = "logins"
REGISTRATIONS: Final = "registrations"
PASSWORDS: Final = "passwords"

_KNOWN_SECONDS: Final = 90 * 86_400
_WAITING: Final = 240
_PATIENCE_SECONDS: Final = 20.0
_UNLIMITED: Final = Rate(1_000_000, 60_000_000)

# KEYS: known, bucket for the account, bucket for all accounts. ARGV: burst and interval of each
# bucket, 1 if the address is exempt from the second. Returns the wait, 0 if both had a token; 1 if
# the address is known; 1 if a token of the second was taken.
_RESERVE = Script(
    "reserve_login",
    BUCKETS
    + """
local known = redis.call('EXISTS', KEYS[1])
local both = known == 0 and ARGV[5] == '0'
local account = open(KEYS[2], ARGV[1], ARGV[2], 0)
local all = open(KEYS[3], ARGV[3], ARGV[4], 0)
if account.free < 1 then return {account.wait, known, 0} end
if both and all.free < 1 then return {all.wait, known, 0} end
take(account, 1)
if both then take(all, 1) end
return {0, known, both and 1 or 0}
""",
)
# KEYS: as before. ARGV: burst and interval of each bucket, 1 if a token of the second was taken,
# seconds that the address is known for, 0 if it has not logged in. Puts the tokens back.
_RETURN = Script(
    "return_login",
    BUCKETS
    + """
take(open(KEYS[2], ARGV[1], ARGV[2], 1), 0)
if ARGV[5] == '1' then take(open(KEYS[3], ARGV[3], ARGV[4], 1), 0) end
if ARGV[6] ~= '0' then redis.call('SET', KEYS[1], 1, 'EX', ARGV[6]) end
return 1
""",
)
# KEYS: known. ARGV: seconds.
_REMEMBER = Script("remember_address", "redis.call('SET', KEYS[1], 1, 'EX', ARGV[1]) return 1")


class _Reservation(NamedTuple):
    """What a login has reserved: its keys and the arguments that put the tokens back."""

    known: bool
    script_keys: list[str]
    arguments: list[int]


class Guesses:
    """Limits logins and registrations.

    Args:
        store: where the buckets are.
        settings: the rates.
        addresses: names the clients.
    """

    def __init__(self, store: LimitStore, settings: Settings, addresses: Addresses) -> None:
        self._store = store
        self._addresses = addresses
        self._to_account = Rate.parse(settings.limit_logins)
        self._to_all = Rate.parse(settings.limit_logins_per_address)
        rate = Rate.parse(settings.limit_registrations)
        self._registrations = rate and Buckets(store, rate, keys.registrations)
        # Few, so that logins from known addresses, which do not wait here, find a short queue.
        at_once = settings.hashes_at_once
        self._turns = Turns(at_once, _WAITING, patience_seconds=_PATIENCE_SECONDS)

    def link(self, target: Target, handler: Handler) -> Handler:
        """Limit the methods that hash a password."""
        limit = target.endpoint.limit if target.endpoint else None
        blocks = {
            LOGINS: self._login,
            REGISTRATIONS: self._registration,
            PASSWORDS: self._change,
        }
        block = blocks.get(limit or "")
        if block is None:
            return handler

        async def guard(request: web.Request) -> web.StreamResponse:
            name = str(request[RECEIVED].arguments.get("username", ""))
            async with block(self._addresses.of(request), name):
                return await handler(request)

        return guard

    @asynccontextmanager
    async def _registration(self, address: str, name: str) -> AsyncIterator[None]:
        buckets = None if self._addresses.is_exempt(address) else self._registrations
        if buckets is not None and (seconds := await buckets.take(address)):
            raise refused(seconds, "注册太频繁")
        async with self._turns.turn(address):
            yield
        await self._store.run(_REMEMBER, [keys.known(address, name)], [_KNOWN_SECONDS])

    @asynccontextmanager
    async def _change(self, address: str, _name: str) -> AsyncIterator[None]:
        """Attempts are counted per account (api/limits.py): this one has a token of it."""
        async with self._turns.turn(address):
            yield

    @asynccontextmanager
    async def _login(self, address: str, name: str) -> AsyncIterator[None]:
        reserved = await self._reserve(address, name)
        try:
            if reserved is not None and reserved.known:
                yield
            else:
                async with self._turns.turn(address):
                    yield
        except Error as error:
            # Otherwise a password may have been hashed: a wrong guess, or one that took too long.
            if isinstance(error, ParamError) or error.retry is Retry.NEVER_HANDLED:
                await self._put_back(reserved, 0)
            raise
        await self._put_back(reserved, _KNOWN_SECONDS)

    async def _reserve(self, address: str, name: str) -> _Reservation | None:
        """Reserve the tokens of a login; None while Redis does not answer.

        Raises:
            TooManyRequests: a bucket is empty.
        """
        script_keys = [
            keys.known(address, name),
            keys.logins_to(address, name),
            keys.logins(address),
        ]
        rates = [
            *(self._to_account or _UNLIMITED).arguments,
            *(self._to_all or _UNLIMITED).arguments,
        ]
        exempt = int(self._to_all is None or self._addresses.is_exempt(address))
        reply = await self._store.run(_RESERVE, script_keys, [*rates, exempt])
        if reply is None:
            return None
        wait_us, known, both = reply
        if wait_us:
            raise refused(wait_us / 1e6, "密码错误次数过多")
        return _Reservation(bool(known), script_keys, [*rates, both])

    async def _put_back(self, reserved: _Reservation | None, known_seconds: int) -> None:
        if reserved is not None:
            arguments = [*reserved.arguments, known_seconds]
            await self._store.run(_RETURN, reserved.script_keys, arguments)
