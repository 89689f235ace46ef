"""MinIO for the tests, beside the S3 server that the rest of the suite uses."""

from collections.abc import Iterator
from contextlib import contextmanager

from scripts import servers


class Minio(servers.Server):
    """MinIO, with one folder for all buckets."""

    port: int

    def url(self, bucket: str) -> str:
        """The value of OBJECTS_URL for a bucket."""
        return f"minio://access:secretkey@127.0.0.1:{self.port}/{bucket}"


@contextmanager
def minio() -> Iterator[Minio]:
    """Run a MinIO."""
    binary = servers.program("minio", "scripts/minio builds it")
    with servers.folder("minio") as path:
        port = servers.free_port()
        login = {"MINIO_ROOT_USER": "access", "MINIO_ROOT_PASSWORD": "secretkey"}
        command = [
            "env", *(f"{name}={value}" for name, value in login.items()), f"HOME={path}",
            binary, "server", "--quiet", "--address", f"127.0.0.1:{port}", str(path / "data"),
        ]  # fmt: skip
        server = Minio(command, path, lambda: servers.listens(port))
        server.port = port
        with servers.started(server):
            yield server
