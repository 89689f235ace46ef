"""Every mix with original services gives the documented responses, by endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from interop.kitex import ROOT
from interop.mixes import ALL_OURS, MIXES, Mix, Parts, play, services
from interop.story import ENDPOINTS, Step

from microkit.errors import NotFound
from scripts import servers


@dataclass(frozen=True)
class Difference:
    """Steps that differ where the API or a service is the original's.

    docs/interop.md gives the reason under this number.
    """

    number: int
    cause: str
    steps: frozenset[str]


def _steps(endpoint: str, *cases: str) -> set[str]:
    return {f"{endpoint}: {case}" for case in cases}


_COMMENTS = _steps("comment/list", "by Bob", "by Ann", "by nobody")
_FRIENDS = _steps("relation/friend/list", "one's own")
_VIEWS = ("one's own", "by Bob", "by nobody")
_POLLS = ("nothing new", "a new one", "nothing since", "only one's own is new")
DIFFERENCES = (
    Difference(1, "commentservice", frozenset(_COMMENTS)),
    Difference(2, "relationservice", frozenset(_FRIENDS)),
    Difference(
        3,
        "API",
        frozenset(_COMMENTS | _steps("comment/action", "by Bob", "by Ann", "again")),
    ),
    Difference(
        4,
        "API",
        frozenset(
            _steps("relation/follow/list", *_VIEWS)
            | _steps("relation/follower/list", *_VIEWS)
            | _steps("relation/friend/list", "one's own", "of somebody else")
        ),
    ),
    Difference(5, "API", frozenset(_steps("relation/action", "an unknown user"))),
    Difference(
        6,
        "API",
        frozenset(_steps("message/chat", "all", *(f"a poll, {case}" for case in _POLLS))),
    ),
)


def expected(mix: Mix) -> list[Difference]:
    causes = mix.services | ({"API"} if mix.api else set())
    return [each for each in DIFFERENCES if each.cause in causes]


def column(mix: Mix, differing: frozenset[str]) -> dict[str, str]:
    """Return for each endpoint "=" if its steps are equal, else the numbers of the differences."""
    cells = {}
    for endpoint in ENDPOINTS:
        here = {name for name in differing if name.startswith(f"{endpoint}: ")}
        numbers = [str(each.number) for each in expected(mix) if each.steps & here]
        cells[endpoint] = " ".join(numbers) or ("≠" if here else "=")
    return cells


def table(columns: Mapping[str, Mapping[str, str]]) -> str:
    lines = [["original:", *columns], ["---"] * (len(columns) + 1)]
    lines += [[f"`{path}`", *(cells[path] for cells in columns.values())] for path in ENDPOINTS]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def test_every_difference_is_documented_under_its_number():
    text = (ROOT / "docs" / "interop.md").read_text()
    for each in DIFFERENCES:
        assert f"\n{each.number}. " in text


@pytest.mark.parametrize("programs", ["original"], indirect=True)
async def test_every_mix_responds_as_documented(
    programs, settings, redis_socket, tmp_path, clip, figure
):
    async def steps(mix: Mix) -> list[Step]:
        folder = tmp_path / mix.name
        folder.mkdir()
        servers.ask_redis(redis_socket, b"FLUSHALL\r\n")
        return await play(mix, Parts(programs, settings, folder), clip)

    alone = await steps(ALL_OURS)
    assert {step.endpoint for step in alone} == set(ENDPOINTS)
    columns = {}
    for mix in MIXES:
        mixed = await steps(mix)
        differing = frozenset(
            mine.name for mine, other in zip(alone, mixed, strict=True) if mine != other
        )
        assert differing == frozenset().union(*(each.steps for each in expected(mix))), mix.name
        columns[mix.name] = column(mix, differing)
    figure(f"steps a mix: {len(alone)}\n{table(columns)}")
    assert table(columns) in (ROOT / "docs" / "interop.md").read_text()


@pytest.mark.parametrize("programs", ["original"], indirect=True)
async def test_a_video_that_the_originals_videoservice_lacks_is_not_found_by_ours(
    programs, settings, redis_url, tmp_path
):
    """It returns an exception, "record not found", to our favoriteservice and commentservice."""
    mix = Mix(frozenset({"videoservice"}))
    parts = Parts(programs, lambda **more: settings(redis_url=redis_url, **more), tmp_path)
    async with services(mix, parts) as fleet:
        favorites, comments = fleet.client("favoriteservice"), fleet.client("commentservice")
        with pytest.raises(NotFound, match="视频不存在"):
            await favorites.FavoriteMethod(user_id=1, video_id=404, action_type=1)
        with pytest.raises(NotFound, match="视频不存在"):
            await comments.CommentMethod(
                user_id=1, video_id=404, action_type=1, comment_text="x", ids_only=True
            )
