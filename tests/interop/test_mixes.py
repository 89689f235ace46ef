"""Every mix with original services gives the documented responses, by endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from e2e.apk import Apk
from interop.kitex import ROOT
from interop.mixes import ALL_OURS, MIXES, Mix, Parts, api, play, services
from interop.story import ENDPOINTS, Step

from idl import usermicro
from microkit.errors import NotFound
from scripts import servers


@dataclass(frozen=True)
class Difference:
    """Steps that differ where the API or a service is the original's.

    docs/interop.md gives the reason under this number. `change` returns what such a step shows,
    from the same step of a system of ours alone.
    """

    number: int
    cause: str
    steps: frozenset[str]
    change: Callable[[Step], dict[str, Any]]


def _steps(endpoint: str, *cases: str) -> set[str]:
    return {f"{endpoint}: {case}" for case in cases}


def _own_comments(step: Step) -> dict[str, Any]:
    viewer = {"by Bob": "bob", "by Ann": "ann"}.get(step.case)
    listed = step.shown["comments"]
    return step.shown | {"comments": [c for c in listed if c["user"]["name"] == viewer]}


def _no_newest_message(step: Step) -> dict[str, Any]:
    return step.shown | {"users": [each | {"message": ""} for each in step.shown["users"]]}


def _comments_with_copied_counts(step: Step) -> dict[str, Any]:
    def copied(comment: dict[str, Any]) -> dict[str, Any]:
        counts = {"is_follow": False, "follow_count": 0, "follower_count": 0}
        return comment | {"user": comment["user"] | counts}

    if "comment" in step.shown:
        return step.shown | {"comment": copied(step.shown["comment"])}
    return step.shown | {"comments": [copied(each) for each in step.shown["comments"]]}


def _users_with_copied_counts(step: Step) -> dict[str, Any]:
    copied = {"total_favourited": "0", "work_count": 0, "favorite_count": 0, "message": ""}
    return step.shown | {"users": [each | copied for each in step.shown["users"]]}


def _no_number(step: Step) -> dict[str, Any]:
    return step.shown | {"code": 10001}


def _whole_chat(step: Step) -> dict[str, Any]:
    sent = {"a poll, a new one": 3, "a poll, nothing since": 3, "a poll, only one's own is new": 4}
    messages = ["在吗", "在", "看了吗", "看了"][: sent.get(step.case, 2)]
    return step.shown | {"messages": messages, "times grow": False}


_COMMENTS = _steps("comment/list", "by Bob", "by Ann", "by nobody")
_FRIENDS = _steps("relation/friend/list", "one's own")
_VIEWS = ("one's own", "by Bob", "by nobody")
_POLLS = ("nothing new", "a new one", "nothing since", "only one's own is new")
DIFFERENCES = (
    Difference(1, "commentservice", frozenset(_COMMENTS), _own_comments),
    Difference(2, "relationservice", frozenset(_FRIENDS), _no_newest_message),
    Difference(
        3,
        "API",
        frozenset(_COMMENTS | _steps("comment/action", "by Bob", "by Ann", "again")),
        _comments_with_copied_counts,
    ),
    Difference(
        4,
        "API",
        frozenset(
            _steps("relation/follow/list", *_VIEWS)
            | _steps("relation/follower/list", *_VIEWS)
            | _steps("relation/friend/list", "one's own", "of somebody else")
        ),
        _users_with_copied_counts,
    ),
    Difference(5, "API", frozenset(_steps("relation/action", "an unknown user")), _no_number),
    Difference(
        6,
        "API",
        frozenset(_steps("message/chat", "all", *(f"a poll, {case}" for case in _POLLS))),
        _whole_chat,
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
        changes = {name: each.change for each in expected(mix) for name in each.steps}
        for mine, other in zip(alone, mixed, strict=True):
            change = changes.get(mine.name)
            shown = change(mine) if change else mine.shown
            assert other == replace(mine, shown=shown), mix.name
        differing = frozenset(
            mine.name for mine, other in zip(alone, mixed, strict=True) if mine != other
        )
        assert differing == changes.keys(), mix.name
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


@pytest.mark.parametrize("programs", ["original"], indirect=True)
async def test_a_user_who_registers_at_the_originals_userservice_has_pictures(
    programs, settings, redis_url, tmp_path
):
    mix = Mix(frozenset({"userservice"}))
    parts = Parts(programs, lambda **more: settings(redis_url=redis_url, **more), tmp_path)
    async with services(mix, parts) as fleet, api(mix, parts, fleet) as url:
        async with aiohttp.ClientSession(url) as session:
            ann = await Apk(session).register("ann")
        answer = await fleet.client("userservice").GetUserSetByIdSetMethod(id_set=[ann.id])
    (user,) = answer.user_set
    assert (user.avatar, user.background_image, user.signature) == (
        usermicro.DEFAULT_AVATAR,
        usermicro.DEFAULT_BACKGROUND_IMAGE,
        usermicro.DEFAULT_SIGNATURE,
    )
