"""What the services know of the people and videos of a page, before it is packed."""

from collections.abc import Mapping
from typing import NamedTuple

from idl import relationmicro, usermicro


class Follows(NamedTuple):
    """The follow counts of people, and which of them the viewer follows."""

    infos: Mapping[int, relationmicro.FollowInfo]
    followed: frozenset[int]


class Likes(NamedTuple):
    """Likes by video, which of them the viewer likes, and people's [likes given, received]."""

    videos: Mapping[int, int]
    liked: frozenset[int]
    people: Mapping[int, list[int]]


class Known(NamedTuple):
    """What is known by id of a person or video; what is missing counts as zero."""

    infos: Mapping[int, usermicro.UserInfo]
    follows: Follows
    likes: Likes
    works: Mapping[int, int]
    comments: Mapping[int, int]
