"""Tokens: JWT, HS256 only, with a subject and an end."""

import time
from typing import Any, Final

from jose import JWTError, jwt

from api.settings import Settings
from microkit.cache import Cache
from microkit.config import ConfigError
from microkit.errors import Unauthorized

_ALGORITHM: Final = "HS256"
_OPTIONS: Final = {"require_exp": True, "require_sub": True}
_SECONDS_A_DAY: Final = 86_400
_SECRET_BYTES: Final = 32
_CACHED: Final = 20_000
_CACHED_SECONDS: Final = 300.0
_LONGEST: Final = 1024


class Tokens:
    """Makes and checks tokens with one secret.

    Raises:
        ConfigError: the secret is shorter than 32 bytes.
    """

    def __init__(self, settings: Settings) -> None:
        if len(settings.jwt_secret.encode()) < _SECRET_BYTES:
            raise ConfigError(f"JWT_SECRET: want at least {_SECRET_BYTES} bytes")
        self._secret = settings.jwt_secret
        self._seconds = settings.jwt_days * _SECONDS_A_DAY
        # A signature costs more than all the rest of a small request.
        self._known: Cache[str, tuple[int, float]] = Cache(_CACHED, _CACHED_SECONDS)

    def issue(self, user_id: int) -> str:
        """Return a token that acts for the user until it ends."""
        now = int(time.time())
        claims = {"sub": str(user_id), "iat": now, "exp": now + self._seconds}
        token: str = jwt.encode(claims, self._secret, algorithm=_ALGORITHM)
        return token

    def user_of(self, token: str) -> int:
        """Return whom the token acts for.

        Raises:
            Unauthorized: there is none, or it is not ours, changed, or too old.
        """
        claims = self._claims(token)
        if claims is None:
            raise Unauthorized("登录无效或已过期，请重新登录" if token else None)
        user_id, ends = claims
        if ends <= time.time():
            raise Unauthorized("登录已过期，请重新登录")
        return user_id

    def viewer_of(self, token: str) -> int:
        """Return whom the token acts for; 0, an anonymous viewer, if it is not valid."""
        claims = self._claims(token)
        if claims is None:
            return 0
        user_id, ends = claims
        return user_id if ends > time.time() else 0

    def _claims(self, token: str) -> tuple[int, float] | None:
        """Return the user of a token of ours and when it ends, None for any other."""
        if not token or len(token) > _LONGEST:
            return None
        if known := self._known.get(token):
            return known
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options=_OPTIONS
            )
            verified = int(claims["sub"]), float(claims["exp"])
        except (JWTError, ValueError, TypeError):
            return None
        self._known.put(token, verified)
        return verified
