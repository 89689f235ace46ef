"""A backup of objects that are removed while it runs."""

from microkit.config import load
from microkit.storage.objects import open_objects
from microkit.storage.settings import ObjectsSettings
from scripts.archive import objects as archive


async def test_an_object_that_is_removed_meanwhile_does_not_end_the_backup(
    store, tmp_path, monkeypatch
):
    file, fetch = tmp_path / "picture", archive._fetch
    file.write_bytes(b"content")
    kept, gone = (f"avatars/1-{digit * 32}.jpg" for digit in "ab")
    async with open_objects(load(ObjectsSettings, {}, objects_url=store.url)) as objects:
        await objects.check()
        for key in (kept, gone):
            await objects.put(key, file, "image/jpeg")

    async def fetch_late(objects, key, target):
        if key == gone:
            await objects.delete(key)
        return await fetch(objects, key, target)

    monkeypatch.setattr(archive, "_fetch", fetch_late)
    target = tmp_path / "backup"
    assert await archive.save(store.url, target) == "objects: 1 copied, 0 kept from before"
    assert (target / kept).read_bytes() == b"content"
    assert await archive.save(store.url, target) == "objects: 0 copied, 1 kept from before"
    assert not (target / gone).exists()
