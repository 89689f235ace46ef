"""The clients of the five services."""

from dataclasses import dataclass

from api import contract
from api.settings import Settings
from microkit.context import Context
from microkit.rpc.client import Client


@dataclass(frozen=True, slots=True)
class Clients:
    """One client a service."""

    users: Client
    videos: Client
    relations: Client
    favorites: Client
    comments: Client

    @classmethod
    def of(cls, context: Context[Settings]) -> "Clients":
        """Return the clients; the context closes their connections."""
        return cls(
            users=context.client("userservice", contract.usermicro),
            videos=context.client("videoservice", contract.videomicro),
            relations=context.client("relationservice", contract.relationmicro),
            favorites=context.client("favoriteservice", contract.favoritemicro),
            comments=context.client("commentservice", contract.commentmicro),
        )
