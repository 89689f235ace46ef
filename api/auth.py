"""Tokens: JWT with HS256 only, a subject and an expiry."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from jose import JWTError, jwt

from api.settings import Settings
from microkit.cache import Cache
from microkit.config import ConfigError
from microkit.errors import Unauthorized

_ALGORITHM: Final = "HS256"
_OPTIONS: Final = {"require_exp": True, "require_sub": True}
_SECONDS_A_DAY: Final = 86_400
_MIN_SECRET_BYTES: Final = 32
_CACHE_SIZE: Final = 20_000
_CACHE_SECONDS: Final = 300.0
_MAX_LENGTH: Final = 1024
_NONE: Final[Mapping[int, int]] = MappingProxyType({})


class _Claims(NamedTuple):
    """User, expiry (Unix seconds), and how often the user's sessions had been ended before."""

    user_id: int
    expires: float
    generation: int


class Tokens:
    """Issues and verifies tokens with one secret.

    Args:
        settings: the secret and the lifetime.
        ended: the least generation of valid tokens, by account.

    Raises:
        ConfigError: the secret is shorter than 32 bytes.
    """

    def __init__(self, settings: Settings, ended: Mapping[int, int] = _NONE) -> None:
        if len(settings.jwt_secret.encode()) < _MIN_SECRET_BYTES:
            raise ConfigError(f"JWT_SECRET: want at least {_MIN_SECRET_BYTES} bytes")
        self._secret = settings.jwt_secret
        self._lifetime_seconds = settings.jwt_days * _SECONDS_A_DAY
        # Verifying a signature costs more than the rest of a small request.
        self._verified: Cache[str, _Claims] = Cache(_CACHE_SIZE, _CACHE_SECONDS)
        self._ended = ended

    def issue(self, user_id: int, generation: int = 0) -> str:
        """Return a token for the user that expires after `jwt_days`.

        `generation` says how often the account's sessions have been ended.
        """
        now = int(time.time())
        claims = {"sub": str(user_id), "iat": now, "exp": now + self._lifetime_seconds}
        if generation:
            claims["gen"] = generation
        token: str = jwt.encode(claims, self._secret, algorithm=_ALGORITHM)
        return token

    def user_of(self, token: str) -> int:
        """Return the id of the token's user.

        Raises:
            Unauthorized: the token is missing, invalid or expired.
        """
        claims = self._claims(token)
        if claims is None:
            raise Unauthorized("登录无效或已过期，请重新登录" if token else None)
        if not self._lasts(claims):
            raise Unauthorized("登录已过期，请重新登录")
        return claims.user_id

    def viewer_of(self, token: str) -> int:
        """Return the id of the token's user; 0 (anonymous) if the token is missing or not valid."""
        claims = self._claims(token)
        return claims.user_id if claims is not None and self._lasts(claims) else 0

    def _lasts(self, claims: "_Claims") -> bool:
        if claims.expires <= time.time():
            return False
        return claims.generation >= self._ended.get(claims.user_id, 0)

    def _claims(self, token: str) -> "_Claims | None":
        """Return the claims of a token we signed; None for any other."""
        if not token or len(token) > _MAX_LENGTH:
            return None
        if cached := self._verified.get(token):
            return cached
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options=_OPTIONS
            )
            verified = _Claims(int(claims["sub"]), float(claims["exp"]), int(claims.get("gen", 0)))
        except (JWTError, ValueError, TypeError):
            return None
        self._verified.put(token, verified)
        return verified
