"""Drawn avatars: everybody has a picture of their own until they upload one."""

import av
import pytest

from api.portrait import NUMBER, key_of, number_of, portrait


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


def test_all_pictures_differ_and_are_small():
    pictures = [portrait(number) for number in range(NUMBER)]
    assert len(set(pictures)) == NUMBER
    assert max(map(len, pictures)) < 2000


@pytest.mark.parametrize(
    "key", ["default/people/1024.png", "default/people/01.png", "default/people/x.png",
            "default/people/.png", "default/people/²3.png", "default/people/1"]
)  # fmt: skip
def test_no_other_key_names_a_picture(key):
    assert number_of(key) is None
    assert number_of(key_of(NUMBER + 7)) == 7


async def test_people_have_different_pictures_that_never_change(http, tmp_path):
    one, other = [await http.register(name) for name in ("one", "other")]
    seen = []
    for person in (one, other, one):
        url = (await http.get("/douyin/user/", user_id=person.id))["user"]["avatar"]
        async with http.session.get(url) as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert "immutable" in response.headers["Cache-Control"]
            seen.append(await response.read())
            known = {"If-None-Match": response.headers["ETag"]}
        async with http.session.get(url, headers=known) as response:
            assert (response.status, await response.read()) == (304, b"")
    assert seen[0] == seen[2] != seen[1]
    path = tmp_path / "picture.png"
    path.write_bytes(seen[0])
    with av.open(str(path)) as picture:
        (frame,) = picture.decode(video=0)
        assert (frame.width, frame.height) == (320, 320)
    async with http.session.get(f"{http.base}/objects/default/people/1024.png") as response:
        assert response.status == 404
