"""Objects in a bucket of MinIO or another S3 store."""

import asyncio
import json
import logging
import math
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp
from miniopy_async.api import Minio
from miniopy_async.datatypes import Object
from miniopy_async.error import MinioException, S3Error

from microkit import trace, tracing
from microkit.background import BackgroundTasks
from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.object_key import checked
from microkit.storage.objects import (
    LIST_PAGE,
    PARTIAL_SECONDS,
    ObjectInfo,
    SignedUrl,
    StoreResponse,
)
from microkit.storage.settings import ObjectsSettings
from microkit.storage.url import is_secure, split, trust

_log = logging.getLogger(__name__)

# S3's minimum for every part but the last; one part is in memory at a time.
_PART_BYTES: Final = 5 << 20
_URL_LIFETIME: Final = timedelta(hours=12)
_FAILURES: Final = (MinioException, aiohttp.ClientError, OSError, ValueError, TimeoutError)
_BUCKET_EXISTS: Final = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
_CONNECTIONS: Final = 64
_CHUNK: Final = 64 << 10
_REGION: Final = "us-east-1"
_INVALID: Final = "OBJECTS_URL: want minio://access:secret@host:port/bucket, with ?secure=1 for TLS"
# Pauses before the attempts to abort a failed upload: its last request may still be running.
_ABORT_PAUSES_SECONDS: Final = (1, 30, 120, 600)


class MinioObjects:
    """Objects in one bucket with public reads; listing and writing need the key.

    With `objects_presigned` reading needs a presigned URL, valid for 12 hours.
    """

    def __init__(
        self,
        *,
        client: Minio,
        signer: Minio,
        session: aiohttp.ClientSession,
        url: str,
        bucket: str,
        settings: ObjectsSettings,
    ) -> None:
        self._client = client
        self._signer = signer
        self._session = session
        self._url = url
        self._bucket = bucket
        self._presigned = settings.objects_presigned
        self._timeout = settings.objects_timeout_seconds
        self._check_timeout = settings.store_timeout_ms / 1e3
        self._prepared = False
        self._cleanups = BackgroundTasks()

    async def put(self, key: str, source: Path, content_type: str) -> None:
        """Store the file `source` under `key`, in parts if it is large.

        Raises:
            ParamError: the key is invalid.
            StoreError: the store failed or timed out; no object is visible.
        """
        checked(key)
        with observed("objects", "minio", "put"), _map_client_errors("put"):
            try:
                async with asyncio.timeout(self._timeout):
                    await self._prepare()
                    await self._client.fput_object(
                        self._bucket,
                        key,
                        str(source),
                        content_type=content_type,
                        part_size=_PART_BYTES,
                        num_parallel_uploads=1,
                    )
            except BaseException:
                self._cleanups.start(self._abort_uploads(key))
                raise

    async def _abort_uploads(self, key: str) -> None:
        """Abort unfinished uploads of `key`: their parts occupy storage."""
        for pause in _ABORT_PAUSES_SECONDS:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(self._check_timeout):
                    await self._abort_parts(key, math.inf)
            except _FAILURES as error:
                _log.warning("objects minio.abort: %s: %s", key, type(error).__name__)
            else:
                return

    async def close(self) -> None:
        """Cancel pending cleanups."""
        await self._cleanups.close()

    async def fetch(self, key: str, folder: Path) -> Path:
        """Return a copy of the object in `folder`.

        Raises:
            ParamError: the key is invalid.
            StoreError: there is no such object, or the store failed or timed out.
        """
        target = folder / Path(checked(key)).name
        with observed("objects", "minio", "fetch"), _map_client_errors("fetch"):
            async with asyncio.timeout(self._timeout):
                await self._client.fget_object(self._bucket, key, str(target))
        return target

    async def delete(self, key: str) -> None:
        """Remove the object if it exists.

        Raises:
            StoreError: the store failed.
        """
        checked(key)
        with observed("objects", "minio", "delete"), _map_client_errors("delete"):
            async with asyncio.timeout(self._timeout):
                await self._client.remove_object(self._bucket, key)

    async def pages(self, folder: str) -> AsyncIterator[list[ObjectInfo]]:
        """Yield the objects whose keys are ``folder/NAME``, in pages of up to 500.

        Raises:
            StoreError: the store failed or timed out.
        """
        with _map_client_errors("list"):
            await self._prepare()
        listed = self._client.list_objects(self._bucket, prefix=f"{checked(folder)}/")
        while True:
            with observed("objects", "minio", "list"), _map_client_errors("list"):
                async with asyncio.timeout(self._timeout):
                    page = [each async for each in _some(listed)]
            if not page:
                return
            yield [
                ObjectInfo(each.object_name, each.last_modified.timestamp())
                for each in page
                if each.object_name and each.last_modified and not each.is_dir
            ]

    async def clear_partials(self) -> None:
        """Abort uploads in parts that began over an hour ago.

        Raises:
            StoreError: the store failed or timed out.
        """
        with _map_client_errors("clear"):
            async with asyncio.timeout(self._timeout):
                await self._prepare()
                await self._abort_parts("", time.time() - PARTIAL_SECONDS)

    async def _abort_parts(self, prefix: str, before: float) -> None:
        """Abort unfinished uploads of keys with `prefix` that began `before` (s since 1970)."""
        listed = await self._client._list_multipart_uploads(self._bucket, prefix=prefix)  # noqa: SLF001 - no public equivalent
        for upload in listed.uploads:
            if upload.initiated_time is None or upload.initiated_time.timestamp() < before:
                await self._client._abort_multipart_upload(  # noqa: SLF001
                    self._bucket, upload.object_name, upload.upload_id or ""
                )

    async def check(self) -> None:
        """Check that the store replies; create the bucket if it is missing.

        Raises:
            StoreError: the store failed or timed out.
        """
        with _map_client_errors("check"):
            async with asyncio.timeout(self._check_timeout):
                await self._prepare()
                await self._client.bucket_exists(self._bucket)

    async def address(self, method: str, key: str) -> str | None:
        """Return a presigned URL of the object for GET or HEAD, None for a public bucket.

        Raises:
            StoreError: the store failed or timed out.
        """
        if not self._presigned:
            return None
        with _map_client_errors("presign"):
            async with asyncio.timeout(self._check_timeout):
                address: str = await self._signer.get_presigned_url(
                    method, self._bucket, checked(key), _URL_LIFETIME
                )
                return address

    @asynccontextmanager
    async def open(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> AsyncIterator[SignedUrl | StoreResponse]:
        """Open an object as a presigned URL, or as the bucket's response if it is public.

        Raises:
            ParamError: the key is invalid.
            StoreError: the store failed or timed out.
        """
        if (url := await self.address(method, key)) is not None:
            yield SignedUrl(url)
            return
        with observed("objects", "minio", "get"), _map_client_errors("get"):
            response = await self._session.request(
                method, f"{self._url}/{checked(key)}", headers=headers, allow_redirects=False
            )
        async with response:
            chunks = response.content.iter_chunked(_CHUNK)
            yield StoreResponse(response.status, response.headers, chunks)

    async def _prepare(self) -> None:
        """Create the bucket if it is missing and set its read policy; once per process."""
        if self._prepared:
            return
        with observed("objects", "minio", "prepare", _FAILURES):
            if not await self._client.bucket_exists(self._bucket):
                try:
                    await self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in _BUCKET_EXISTS:  # else another process created it
                        raise
            if self._presigned:  # a policy may be left from a public configuration
                await self._client.delete_bucket_policy(self._bucket)
            else:
                policy = _public_read_policy(self._bucket)
                await self._client.set_bucket_policy(self._bucket, policy)
            self._prepared = True


async def _some(listed: AsyncIterator[Object]) -> AsyncIterator[Object]:
    """Yield up to a page of the next objects of a listing."""
    for _ in range(LIST_PAGE):
        try:
            yield await anext(listed)
        except StopAsyncIteration:
            return


def _public_read_policy(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def _map_client_errors(method: str) -> Iterator[None]:
    """Log an error of the client and raise StoreError."""
    try:
        yield
    except _FAILURES as error:
        _log.error("objects minio.%s: %s: %s", method, type(error).__name__, error)
        raise StoreError("存储不可用，请稍后再试") from error


@asynccontextmanager
async def open_minio(settings: ObjectsSettings) -> AsyncIterator[MinioObjects]:
    """Open ``minio://access:secret@host:port/bucket`` (``?secure=1`` for TLS).

    Raises:
        ConfigError: the URL is invalid.
    """
    url = split(settings.objects_url, _INVALID)
    bucket = url.path.strip("/")
    if not (url.hostname and url.username and url.password and bucket) or "/" in bucket:
        raise ConfigError(_INVALID)
    secure = is_secure(url, _INVALID)
    endpoint = url.netloc.rpartition("@")[2]
    access_key, secret_key = unquote(url.username), unquote(url.password)

    def client(host: str, *, secure: bool) -> Minio:
        return Minio(
            host, access_key, secret_key, secure=secure, region=_REGION, session=client_session
        )

    public, public_secure = _signing_host(settings, bucket) or (endpoint, secure)
    # A context of one's own takes 50 ms, to read the authorities of the system.
    ca_file = settings.objects_ca_file
    trusted = trust("OBJECTS_CA_FILE", ca_file) if secure or ca_file else True
    async with (
        _open_session(settings, trusted, _CONNECTIONS) as client_session,
        # Streams to players have connections without a limit: a paused player keeps its own.
        _open_session(settings, trusted, 0) as stream_session,
        client(endpoint, secure=secure) as store,
        client(public, secure=public_secure) as signer,
    ):
        base = f"{'https' if secure else 'http'}://{endpoint}/{bucket}"
        objects = MinioObjects(
            client=store,
            signer=signer,
            session=stream_session,
            url=base,
            bucket=bucket,
            settings=settings,
        )
        try:
            yield objects
        finally:
            await objects.close()


def _open_session(
    settings: ObjectsSettings, trusted: ssl.SSLContext | bool, connections: int
) -> aiohttp.ClientSession:
    """Open an HTTP session with a limit of connections (0: none)."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(sock_connect=settings.store_timeout_ms / 1e3, sock_read=30),
        connector=aiohttp.TCPConnector(limit=connections, ssl=trusted),
        read_bufsize=_CHUNK,
        auto_decompress=False,
        trace_configs=[_propagation()] if tracing.enabled(settings) else None,
    )


def _propagation() -> aiohttp.TraceConfig:
    """Return hooks that send the trace context with every request to the store."""

    async def add_headers(
        _session: aiohttp.ClientSession,
        _context: object,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        request.headers.update(trace.headers())

    hooks = aiohttp.TraceConfig()
    hooks.on_request_start.append(add_headers)
    return hooks


def _signing_host(settings: ObjectsSettings, bucket: str) -> tuple[str, bool] | None:
    """Return the public host to presign URLs for and whether it uses TLS, None if not set.

    Raises:
        ConfigError: the public URL is not one of the bucket.
    """
    if not (settings.objects_presigned and settings.objects_public_url):
        return None
    public = urlsplit(settings.objects_public_url)
    if not public.netloc or public.path.strip("/") != bucket:
        raise ConfigError(f"OBJECTS_PUBLIC_URL: want https://host/{bucket} for presigned URLs")
    return public.netloc, public.scheme == "https"
