"""A Redis Cluster of three masters and three replicas, for the tests and for measurements."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from redis.connection import Connection
from redis.exceptions import RedisError

from microkit.storage import redis_server
from scripts import servers
from scripts.servers import Server, folder, wait_for
from scripts.supervisor.network import ReservedPort

MASTERS: Final = 3
_NODES: Final = 2 * MASTERS
_NODE_TIMEOUT_MS: Final = 1000
_BUS_OFFSET: Final = 10_000  # fixed before Redis 7
_HIGHEST_PORT: Final = 65_535

_reserved: list[ReservedPort] = []


class Node(Server):
    """One redis-server of a cluster."""

    port: int

    def ask(self, *command: str | int) -> Any:
        """Run a command and return its reply.

        Raises:
            RedisError: the node does not reply, or replies with an error.
        """
        options = {"socket_timeout": 2, "protocol": 2, "decode_responses": True}
        connection: Any = Connection(host="127.0.0.1", port=self.port, **options)  # type: ignore[no-untyped-call]
        try:
            connection.send_command(*command)
            return connection.read_response()
        finally:
            connection.disconnect()

    def id(self) -> str:
        """Return the name by which the cluster knows the node."""
        return str(self.ask("CLUSTER", "MYID"))

    def is_master(self) -> bool:
        """Whether the node says that it is a master."""
        return bool(self.ask("ROLE")[0] == "master")

    def masters(self) -> dict[range, int]:
        """Return the port of the master of each range of slots, as the node knows them."""
        slots = self.ask("CLUSTER", "SLOTS")
        return {range(first, last + 1): master[1] for first, last, master, *_ in slots}

    def is_covered(self) -> bool:
        """Whether the node sees a master for every slot, and is a replica or has one."""
        kind, _, third, *more = self.ask("ROLE")
        paired = bool(third) if kind == "master" else more[0] == "connected"
        return paired and "cluster_state:ok" in self.ask("CLUSTER", "INFO")


class RedisCluster:
    """The nodes of a cluster; the first `MASTERS` start as masters, the others as replicas."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        """The value of REDIS_URL."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes[:2])}"

    def wait_until_whole(self) -> None:
        """Wait until every node runs, and all agree on the masters, each of which has a replica."""
        wait_for(self._is_whole)

    def _is_whole(self) -> bool:
        try:
            known = [node.masters() for node in self.nodes]
            same = all(each == known[0] for each in known)
            return same and all(node.is_covered() for node in self.nodes)
        except (RedisError, OSError):
            return False

    def master_of(self, slot: int) -> Node:
        """Return the master of a slot, as the first node that replies knows it.

        Raises:
            LookupError: the slot has no master.
        """
        for slots, port in self._masters().items():
            if slot in slots:
                return next(node for node in self.nodes if node.port == port)
        raise LookupError(slot)

    def _masters(self) -> dict[range, int]:
        for node in self.nodes:
            try:
                return node.masters()
            except (RedisError, OSError):
                continue
        return {}

    def masters(self) -> list[Node]:
        """Return the nodes that have slots, as the first node that replies knows them."""
        ports = set(self._masters().values())
        return [node for node in self.nodes if node.port in ports]

    def replicas(self) -> list[Node]:
        """Return the other nodes."""
        masters = self.masters()
        return [node for node in self.nodes if node not in masters]

    def empty(self) -> None:
        """Remove all keys."""
        for node in self.masters():
            node.ask("FLUSHALL")

    def begin_move(self, slot: int) -> tuple[Node, Node]:
        """Begin to move a slot to another master; return the old and the new one."""
        source = self.master_of(slot)
        target = next(node for node in self.masters() if node is not source)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id())
        return source, target

    def end_move(self, slot: int, target: Node) -> None:
        """Make a node the master of a slot all of whose keys it has."""
        for node in (target, *self.masters()):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id())

    def move(self, slot: int) -> None:
        """Move a slot to another master, key by key, while clients use it."""
        source, target = self.begin_move(slot)
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1):
            move_key(source, target, *keys)
        self.end_move(slot, target)


def move_key(source: Node, target: Node, key: str) -> None:
    """Move a key from one master to another."""
    source.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)


@contextmanager
def redis_cluster() -> Iterator[RedisCluster]:
    """Run a cluster that writes every change to its disks before the reply.

    Raises:
        NotInstalledError: redis-cli is not installed.
        NoRedisServerError: redis-server is missing or too old.
    """
    redis_server.find()
    servers.program("redis-cli", "Debian: redis-tools")
    with ExitStack() as stack:
        cluster = RedisCluster([_node(stack) for _ in range(_NODES)])
        addresses = [f"127.0.0.1:{node.port}" for node in cluster.nodes]
        _redis_cli("--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes")
        cluster.wait_until_whole()
        yield cluster


def _node(stack: ExitStack) -> Node:
    path = stack.enter_context(folder("cluster"))
    port = cluster_port()
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(path),
        "cluster-enabled": "yes",
        "cluster-node-timeout": str(_NODE_TIMEOUT_MS),
        # While slots have no master, the others are served.
        "cluster-require-full-coverage": "no",
        # A replica that was connected a moment ago may become the master.
        "cluster-replica-validity-factor": "0",
        "repl-diskless-sync-delay": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
    }
    command = [str(redis_server.find())]
    command += [part for key, value in options.items() for part in (f"--{key}", value)]
    node = Node(command, path, lambda: _answers(node))
    node.port = port
    stack.callback(node.stop)
    node.start()
    return node


def _answers(node: Node) -> bool:
    try:
        return bool(node.ask("PING") == "PONG")
    except (RedisError, OSError):
        return False


def cluster_port() -> int:
    """Return a free port with a free port for the cluster's bus above it; both stay reserved."""
    while True:
        own = ReservedPort()
        if own.number + _BUS_OFFSET > _HIGHEST_PORT:
            continue
        try:
            bus = ReservedPort(own.number + _BUS_OFFSET)
        except OSError:
            continue
        _reserved.extend((own, bus))
        return own.number


def _redis_cli(*arguments: str) -> None:
    subprocess.run(
        [servers.program("redis-cli", "Debian: redis-tools"), *arguments],
        check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
