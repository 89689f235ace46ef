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

from microkit.background import BackgroundTasks
from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.object_key import checked
from microkit.storage.objects import SignedUrl, StoreResponse
from microkit.storage.settings import ObjectsSettings

_log = logging.getLogger(__name__)

# One part in memory at a time, and S3 takes none smaller but the last.
_PART_BYTES: Final = 5 << 20
_PRESIGNED: Final = timedelta(hours=12)
_FAILURES: Final = (MinioException, aiohttp.ClientError, OSError, ValueError, TimeoutError)
_OWNED: Final = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
_CONNECTIONS: Final = 64
_CHUNK: Final = 64 << 10
_REGION: Final = "us-east-1"
# When to try to remove what an upload that failed left; its last request may still be under way.
_FORGET_SECONDS: Final = (1, 30, 120, 600)


class MinioObjects:
    """Objects in one bucket: everybody may read them, nobody list or write them.

    With `presigned` nobody may read them either, but by an address that holds for hours.
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
        self._forgetting = BackgroundTasks()

    async def put(self, key: str, source: Path, content_type: str) -> None:
        """Store the file `source` under `key`, in parts if it is large.

        Raises:
            ParamError: this is no key.
            StoreError: the store failed or did not take it in time; nothing of it is there.
        """
        checked(key)
        with observed("objects", "minio", "put"), _translated("put"):
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
                self._forgetting.start(self._forget_parts(key))
                raise

    async def _forget_parts(self, key: str) -> None:
        """Remove the parts that an upload left which did not end: they cost storage."""
        for pause in _FORGET_SECONDS:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(self._check_timeout):
                    listed = await self._client._list_multipart_uploads(self._bucket, prefix=key)  # noqa: SLF001 - nothing public lists them
                    for left in listed.uploads:
                        await self._client._abort_multipart_upload(  # noqa: SLF001
                            self._bucket, left.object_name, left.upload_id or ""
                        )
            except _FAILURES as error:
                _log.warning("parts of %s may be left: %s", key, type(error).__name__)
            else:
                return

    async def close(self) -> None:
        """Give up on what is still to be removed."""
        await self._forgetting.close()

    async def delete(self, key: str) -> None:
        """Remove the object, if it is there.

        Raises:
            StoreError: the store failed.
        """
        checked(key)
        with observed("objects", "minio", "delete"), _translated("delete"):
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

    async def address(self, method: str, key: str) -> str | None:
        """Return where the object can be asked for a while with GET or HEAD, None if it is public.

        Raises:
            StoreError: the store does not answer.
        """
        if not self._presigned:
            return None
        with _translated("presign"):
            async with asyncio.timeout(self._check_timeout):
                address: str = await self._signer.get_presigned_url(
                    method, self._bucket, checked(key), _PRESIGNED
                )
                return address

    @asynccontextmanager
    async def open(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> AsyncIterator[SignedUrl | StoreResponse]:
        """Give a signed address of the object, or the bucket's own response where it is public.

        Raises:
            ParamError: this is no key.
            StoreError: the store does not answer.
        """
        if (url := await self.address(method, key)) is not None:
            yield SignedUrl(url)
            return
        with observed("objects", "minio", "get"), _translated("get"):
            response = await self._session.request(
                method, f"{self._url}/{checked(key)}", headers=headers, allow_redirects=False
            )
        async with response:
            chunks = response.content.iter_chunked(_CHUNK)
            yield StoreResponse(response.status, response.headers, chunks)

    async def _prepare(self) -> None:
        """Make the bucket if it is missing and say who may read it; once."""
        if self._prepared:
            return
        with observed("objects", "minio", "prepare", _FAILURES):
            if not await self._client.bucket_exists(self._bucket):
                try:
                    await self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in _OWNED:  # else another process was faster
                        raise
            if self._presigned:  # it may have been public before
                await self._client.delete_bucket_policy(self._bucket)
            else:
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
        _log.error("objects minio.%s: %s: %s", what, type(error).__name__, error)
        raise StoreError("存储不可用，请稍后再试") from error


@asynccontextmanager
async def open_minio(settings: ObjectsSettings) -> AsyncIterator[MinioObjects]:
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
    access_key, secret_key = unquote(url.username), unquote(url.password)
    timeout = aiohttp.ClientTimeout(sock_connect=settings.store_timeout_ms / 1e3, sock_read=30)

    def session(connections: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections)
        return aiohttp.ClientSession(
            timeout=timeout, read_bufsize=_CHUNK, connector=connector, auto_decompress=False
        )

    def client(at: str, *, secure: bool) -> Minio:
        return Minio(at, access_key, secret_key, secure=secure, region=_REGION, session=own)

    public, public_secure = _signed_for(settings, bucket) or (endpoint, secure)
    async with (
        session(_CONNECTIONS) as own,
        # A player that pauses keeps its connection: what is passed on has others, one a player.
        session(0) as passed_on,
        client(endpoint, secure=secure) as asked,
        client(public, secure=public_secure) as signer,
    ):
        base = f"{'https' if secure else 'http'}://{endpoint}/{bucket}"
        objects = MinioObjects(
            client=asked,
            signer=signer,
            session=passed_on,
            url=base,
            bucket=bucket,
            settings=settings,
        )
        try:
            yield objects
        finally:
            await objects.close()


def _signed_for(settings: ObjectsSettings, bucket: str) -> tuple[str, bool] | None:
    """Return the host for which addresses are signed and whether it speaks TLS, if one is set.

    Raises:
        ConfigError: that is no address of the bucket.
    """
    if not (settings.objects_presigned and settings.objects_public_url):
        return None
    public = urlsplit(settings.objects_public_url)
    if not public.netloc or public.path.strip("/") != bucket:
        raise ConfigError(f"OBJECTS_PUBLIC_URL: want https://host/{bucket} where it is signed")
    return public.netloc, public.scheme == "https"
