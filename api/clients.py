"""The RPC clients of the five services."""

from dataclasses import dataclass

from api.settings import Settings
from idl import commentmicro, favoritemicro, relationmicro, usermicro, videomicro
from microkit.context import Context


@dataclass(frozen=True, slots=True)
class Clients:
    """One client per service."""

    users: usermicro.Client
    videos: videomicro.Client
    relations: relationmicro.Client
    favorites: favoritemicro.Client
    comments: commentmicro.Client

    @classmethod
    def of(cls, context: Context[Settings]) -> "Clients":
        """Return the clients; the context closes their connections."""
        return cls(
            users=context.client(usermicro.CONTRACT),
            videos=context.client(videomicro.CONTRACT),
            relations=context.client(relationmicro.CONTRACT),
            favorites=context.client(favoritemicro.CONTRACT),
            comments=context.client(commentmicro.CONTRACT),
        )
