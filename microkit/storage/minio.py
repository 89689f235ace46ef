"""Objects in a bucket of MinIO, or of whatever else speaks S3."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp
from miniopy_async.api import Minio
from miniopy_async.error import MinioException, S3Error

from microkit.config import ConfigError, Settings
from microkit.errors import StoreError
from microkit.metrics import store_calls
from microkit.storage.keys import checked

_log = logging.getLogger(__name__)

# One part in memory at a time, and S3 takes none smaller but the last.
_PART_BYTES: Final = 5 << 20
_PRESIGNED: Final = timedelta(hours=12)
_FAILURES: Final = (MinioException, aiohttp.ClientError, OSError, ValueError, TimeoutError)
_OWNED: Final = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
_CHUNK: Final = 64 << 10


class MinioObjects:
    """Objects in one bucket: everybody may read them, nobody list or write them.

    With `presigned` nobody may read them either, but by an address that holds for hours.
    """

    def __init__(
        self,
        client: Minio,
        session: aiohttp.ClientSession,
        url: str,
        bucket: str,
        settings: Settings,
    ) -> None:
        self._client = client
        self._session = session
        self._url = url
        self._bucket = bucket
        self._presigned = settings.objects_presigned
        self._timeout = settings.objects_timeout_seconds
        self._check_timeout = settings.store_timeout_ms / 1e3
        self._prepared = False
        self._calls = store_calls("objects")

    async def put(self, key: str, source: Path, content_type: str) -> None:
        """Store the file `source` under `key`, in parts if it is large.

        Raises:
            ParamError: this is no key.
            StoreError: the store failed or did not take it in time; nothing of it is there.
        """
        checked(key)
        with _translated("put"):
            async with asyncio.timeout(self._timeout):
                await self._prepare()
                self._calls.inc()
                await self._client.fput_object(
                    self._bucket,
                    key,
                    str(source),
                    content_type=content_type,
                    part_size=_PART_BYTES,
                    num_parallel_uploads=1,
                )

    async def delete(self, key: str) -> None:
        """Remove the object, if it is there.

        Raises:
            StoreError: the store failed.
        """
        checked(key)
        self._calls.inc()
        with _translated("delete"):
            async with asyncio.timeout(self._timeout):
                await self._client.remove_object(self._bucket, key)

    async def check(self) -> None:
        """Find out whether the bucket is there, and make it if it is missing.

        Raises:
            StoreError: the store does not answer.
        """
        with _translated("check"):
            async with asyncio.timeout(self._check_timeout):
                await self._prepare()
                await self._client.bucket_exists(self._bucket)

    async def address(self, key: str) -> str | None:
        """Return where the object can be fetched for a while, None where it is open to all.

        Raises:
            StoreError: the store does not answer.
        """
        if not self._presigned:
            return None
        with _translated("presign"):
            async with asyncio.timeout(self._check_timeout):
                address: str = await self._client.presigned_get_object(
                    self._bucket, checked(key), _PRESIGNED
                )
                return address

    @asynccontextmanager
    async def fetch(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the store's own answer to a GET or HEAD with these headers (Range, If-None-Match).

        Raises:
            StoreError: the store does not answer.
        """
        self._calls.inc()
        with _translated("get"):
            request = self._session.request(
                method, f"{self._url}/{checked(key)}", headers=headers, allow_redirects=False
            )
            async with request as response:
                yield response

    async def _prepare(self) -> None:
        """Make the bucket if it is missing and say who may read it; once."""
        if self._prepared:
            return
        self._calls.inc()
        if not await self._client.bucket_exists(self._bucket):
            try:
                await self._client.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in _OWNED:  # else another process was faster
                    raise
        if not self._presigned:
            await self._client.set_bucket_policy(self._bucket, _readable(self._bucket))
        self._prepared = True


def _readable(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn what the client raises into StoreError."""
    try:
        yield
    except _FAILURES as error:
        _log.error("objects: %s: %s: %s", what, type(error).__name__, error)
        raise StoreError("存储不可用，请稍后再试") from error


@asynccontextmanager
async def open_minio(settings: Settings) -> AsyncIterator[MinioObjects]:
    """Open ``minio://access:secret@host:port/bucket`` (``?secure=1`` for TLS).

    Raises:
        ConfigError: a part of the URL is missing.
    """
    url = urlsplit(settings.objects_url)
    bucket = url.path.strip("/")
    if not (url.hostname and url.username and url.password and bucket) or "/" in bucket:
        raise ConfigError("OBJECTS_URL: want minio://access:secret@host:port/bucket")
    secure = parse_qs(url.query).get("secure") == ["1"]
    endpoint = url.netloc.rpartition("@")[2]
    timeout = aiohttp.ClientTimeout(sock_connect=settings.store_timeout_ms / 1e3, sock_read=30)
    connector = aiohttp.TCPConnector(limit=settings.objects_pool_size)
    async with (
        aiohttp.ClientSession(
            timeout=timeout, read_bufsize=_CHUNK, connector=connector, auto_decompress=False
        ) as session,
        Minio(
            endpoint,
            access_key=unquote(url.username),
            secret_key=unquote(url.password),
            secure=secure,
            region="us-east-1",
            session=session,
        ) as client,
    ):
        base = f"{'https' if secure else 'http'}://{endpoint}/{bucket}"
        yield MinioObjects(client, session, base, bucket, settings)
