"""The data of a page's users and videos, as loaded from the services."""

from collections.abc import Mapping
from typing import NamedTuple

from idl import relationmicro, usermicro


class FollowFacts(NamedTuple):
    """Follow counts by user, and the users that the viewer follows."""

    infos: Mapping[int, relationmicro.FollowInfo]
    followed: frozenset[int]


class LikeFacts(NamedTuple):
    """Like counts by video, the viewer's liked videos, and likes [given, received] by user."""

    videos: Mapping[int, int]
    liked: frozenset[int]
    users: Mapping[int, list[int]]


class PageFacts(NamedTuple):
    """All data by user or video id; a missing entry counts as zero."""

    infos: Mapping[int, usermicro.UserInfo]
    follows: FollowFacts
    likes: LikeFacts
    works: Mapping[int, int]
    comments: Mapping[int, int]
