"""Objects in a directory."""

from pathlib import Path

import pytest

from microkit.config import ConfigError
from microkit.errors import ParamError, StoreError
from microkit.storage.objects import open_objects


@pytest.fixture
async def objects(settings):
    async with open_objects(settings()) as opened:
        yield opened


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


async def test_an_object_is_stored_whole_and_removed(objects, source):
    await objects.put("videos/a.mp4", source, "video/mp4")
    assert objects.path("videos/a.mp4").read_bytes() == b"content"
    assert [p.name for p in objects.path("videos").iterdir()] == ["a.mp4"]
    await objects.delete("videos/a.mp4")
    await objects.delete("videos/a.mp4")
    assert not objects.path("videos/a.mp4").exists()


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a/.b", "a\0b", "ä", "a" * 256]
)
async def test_a_key_never_leads_out_of_the_store(objects, source, key):
    with pytest.raises(ParamError):
        await objects.put(key, source, "x")


async def test_a_place_that_cannot_be_written_is_a_clear_error(objects, source):
    objects.path("videos").write_text("a file where a folder should be")
    with pytest.raises(StoreError):
        await objects.put("videos/a.mp4", source, "video/mp4")


async def test_a_source_that_is_gone_leaves_nothing(objects):
    with pytest.raises(StoreError):
        await objects.put("videos/a.mp4", Path("/nowhere"), "video/mp4")
    assert not list(objects.path("videos").iterdir())


async def test_another_kind_of_store_is_named(settings):
    with pytest.raises(ConfigError, match="OBJECTS_URL"):
        async with open_objects(settings(objects_url="ftp://x")):
            pass
