"""Every field that the original services always set is set by these services.

Programs written for the original contract read such fields without a check although they are
optional. So each method answers all of them in every case; what a case may leave out is named here.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import idl
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of
from scripts.call import PACKAGES, invoke

FACTS = json.loads(Path(__file__).with_name("wire.json").read_text())
U, V, R, F, C = (f"{name}service" for name in ("user", "video", "relation", "favorite", "comment"))
NOBODY, UNKNOWN = 0, 999


class Case(NamedTuple):
    """One call, and the fields of the original contract that its response may omit."""

    service: str
    method: str
    case: str
    request: dict[str, Any]
    unset: frozenset[str] = frozenset()


def without(*fields: str) -> frozenset[str]:
    return frozenset(fields)


# The order matters: later cases use the data of earlier ones.
CASES = [
    Case(U, "CreateUserMethod", "a new name", {"newuser": {"name": "ann"}, "password": "x"}),
    Case(U, "CreateUserMethod", "another", {"newuser": {"name": "bob"}, "password": "x"}),
    Case(U, "CreateUserMethod", "a taken name", {"newuser": {"name": "ann"}, "password": "x"},
         without("user_id")),
    Case(U, "LoginUserMethod", "the right password", {"name": "ann", "password": "x"}),
    Case(U, "LoginUserMethod", "a wrong password", {"name": "ann", "password": "y"},
         without("user_id")),
    Case(U, "GetUserMethod", "by id", {"id": 1}),
    Case(U, "GetUserMethod", "by name", {"name": "ann"}),
    Case(U, "GetUserMethod", "an unknown id", {"id": UNKNOWN}, without("user")),
    Case(U, "GetUserSetByIdSetMethod", "known and unknown ids", {"id_set": [1, 2, UNKNOWN]}),
    Case(U, "GetUserSetByIdSetMethod", "unknown ids", {"id_set": [UNKNOWN]}),
    Case(U, "GetUserSetByIdSetMethod", "no ids", {"id_set": []}),
    Case(U, "GetUserSetByIdSetMethod", "no list", {}),
    Case(U, "UpdateUserMethod", "a signature", {"id": 1, "update_data": {"signature": "s"}}),
    Case(U, "UpdateRelationMethod", "counts",
         {"id": 1, "new_data": {"follow_count": 1, "follower_count": 1}}),
    Case(U, "UpdateInteractionMethod", "counts",
         {"id": 1, "new_data": {"total_favorited": 1, "favorite_count": 1}}),
    Case(U, "UpdateWorkMethod", "a count", {"id": 1, "new_data": {"work_count": 1}}),
    Case(V, "GetVideosFeedMethod", "no video at all", {"latest_time": 2**62, "limit": 30}),
    Case(V, "CreateVideoMethod", "a video",
         {"title": "t", "author_id": 1, "play_url": "p", "cover_url": "c"}),
    Case(V, "GetVideosFeedMethod", "a page", {"latest_time": 2**62, "limit": 30}),
    Case(V, "GetVideosFeedMethod", "a page behind the last", {"latest_time": 5, "limit": 30}),
    Case(V, "GetVideoAuthorIdMethod", "a video", {"id": 1}),
    Case(V, "GetVideoAuthorIdMethod", "an unknown id", {"id": UNKNOWN}),
    Case(V, "GetVideosByAuthorIdMethod", "an author", {"author_id": 1}),
    Case(V, "GetVideosByAuthorIdMethod", "no videos", {"author_id": UNKNOWN}),
    Case(V, "GetVideoSetByIdSetMethod", "known and unknown ids", {"id_set": [1, UNKNOWN]}),
    Case(V, "GetVideoSetByIdSetMethod", "unknown ids", {"id_set": [UNKNOWN]}),
    Case(V, "GetVideoSetByIdSetMethod", "no ids", {"id_set": []}),
    Case(V, "GetVideoCountSetByIdUserSetMethod", "ids", {"author_id_set": [1, UNKNOWN]}),
    Case(V, "GetVideoCountSetByIdUserSetMethod", "no ids", {"author_id_set": []}),
    Case(V, "UpdateVideoMethod", "a title", {"id": 1, "title": "t"}),
    Case(R, "FollowMethod", "a follow", {"my_uid": 1, "target_uid": 2, "action_type": 1}),
    Case(R, "FollowMethod", "the way back", {"my_uid": 2, "target_uid": 1, "action_type": 1}),
    Case(R, "FollowMethod", "oneself", {"my_uid": 1, "target_uid": 1, "action_type": 1}),
    Case(R, "FollowMethod", "an unknown user",
         {"my_uid": 1, "target_uid": UNKNOWN, "action_type": 1}),
    Case(R, "GetFollowInfoMethod", "a viewer", {"my_uid": 1, "target_uid": 2}),
    Case(R, "GetFollowInfoMethod", "nobody", {"my_uid": NOBODY, "target_uid": 2}),
    Case(R, "GetFollowInfoMethod", "no viewer", {"target_uid": 2}),
    Case(R, "GetFollowInfoMethod", "an unknown user", {"my_uid": 1, "target_uid": UNKNOWN}),
    Case(R, "GetFollowListMethod", "a viewer", {"myId": 2, "targetId": 1}),
    Case(R, "GetFollowListMethod", "nobody", {"myId": NOBODY, "targetId": 1}),
    Case(R, "GetFollowListMethod", "no viewer", {"targetId": 1}),
    Case(R, "GetFollowListMethod", "an empty list", {"myId": 1, "targetId": UNKNOWN}),
    Case(R, "GetFollowerListMethod", "a viewer", {"myId": 2, "targetId": 1}),
    Case(R, "GetFollowerListMethod", "nobody", {"myId": NOBODY, "targetId": 1}),
    Case(R, "GetFollowerListMethod", "no viewer", {"targetId": 1}),
    Case(R, "GetFollowerListMethod", "an empty list", {"myId": 1, "targetId": UNKNOWN}),
    Case(R, "GetFriendListMethod", "a viewer", {"myUid": 1, "targetUid": 1}),
    Case(R, "GetFriendListMethod", "nobody", {"myUid": NOBODY, "targetUid": 1}),
    Case(R, "GetFriendListMethod", "no viewer", {"targetUid": 1}),
    Case(R, "GetFriendListMethod", "an empty list", {"myUid": 1, "targetUid": UNKNOWN}),
    Case(R, "GetIsFollowsMethod", "ids", {"myUid": 1, "userIds": [2, UNKNOWN]}),
    Case(R, "GetIsFollowsMethod", "nobody", {"myUid": NOBODY, "userIds": [2]}),
    Case(R, "GetIsFollowsMethod", "no ids", {"myUid": 1, "userIds": []}),
    Case(R, "GetAllMessageMethod", "no messages", {"user_id": 1, "to_user_id": 2}),
    Case(R, "SendMessageMethod", "a message", {"user_id": 1, "to_user_id": 2, "content": "hi"}),
    Case(R, "GetAllMessageMethod", "a chat", {"user_id": 1, "to_user_id": 2}),
    Case(F, "FavoriteMethod", "a like", {"user_id": 2, "video_id": 1, "action_type": 1}),
    Case(F, "FavoriteMethod", "an unknown video",
         {"user_id": 2, "video_id": UNKNOWN, "action_type": 1}),
    Case(F, "FavoriteListMethod", "likes", {"user_id": 2}),
    Case(F, "FavoriteListMethod", "no likes", {"user_id": UNKNOWN}),
    Case(F, "FavoriteRelationMethod", "a user", {"user_id": 2, "video_id": 1}),
    Case(F, "FavoriteRelationMethod", "nobody", {"user_id": NOBODY, "video_id": UNKNOWN}),
    Case(F, "FavoriteRelationsMethod", "ids", {"user_id": 2, "video_id_list": [1, UNKNOWN]}),
    Case(F, "FavoriteRelationsMethod", "nobody", {"user_id": NOBODY, "video_id_list": [1]}),
    Case(F, "FavoriteRelationsMethod", "no ids", {"user_id": 2, "video_id_list": []}),
    Case(F, "VideoFavoriteCountMethod", "a video", {"video_id": 1}),
    Case(F, "VideoFavoriteCountMethod", "an unknown id", {"video_id": UNKNOWN}),
    Case(F, "VideosFavoriteCountMethod", "ids", {"video_id_list": [1, UNKNOWN]}),
    Case(F, "VideosFavoriteCountMethod", "no ids", {"video_id_list": []}),
    Case(F, "UserFavoriteCountMethod", "a user", {"user_id": 2}),
    Case(F, "UserFavoriteCountMethod", "an unknown id", {"user_id": UNKNOWN}),
    Case(F, "UsersFavoriteCountMethod", "ids", {"user_id_list": [1, UNKNOWN]}),
    Case(F, "UsersFavoriteCountMethod", "no ids", {"user_id_list": []}),
    Case(C, "CommentListMethod", "no comments", {"user_id": 1, "video_id": 1}),
    Case(C, "CommentMethod", "a comment",
         {"user_id": 2, "video_id": 1, "action_type": 1, "comment_text": "x"}),
    Case(C, "CommentMethod", "a comment by a user that does not exist",
         {"user_id": UNKNOWN, "video_id": 1, "action_type": 1, "comment_text": "x"}),
    Case(C, "CommentMethod", "an unknown video",
         {"user_id": 2, "video_id": UNKNOWN, "action_type": 1, "comment_text": "x"},
         without("comment")),
    Case(C, "CommentListMethod", "a viewer", {"user_id": 1, "video_id": 1}),
    Case(C, "CommentListMethod", "nobody", {"user_id": NOBODY, "video_id": 1}),
    Case(C, "CommentListMethod", "an unknown video", {"user_id": 1, "video_id": UNKNOWN}),
    Case(C, "VideosCommentCountMethod", "ids", {"video_id_list": [1, UNKNOWN]}),
    Case(C, "VideosCommentCountMethod", "no ids", {"video_id_list": []}),
    Case(C, "CommentMethod", "a deletion",
         {"user_id": 2, "video_id": 1, "action_type": 2, "comment_id": 1}, without("comment")),
    Case(V, "DeleteVideoMethod", "a video", {"video_id": 1}),
]  # fmt: skip


@pytest.fixture
def database_url(tmp_path):
    return lambda name: f"sqlite://{tmp_path}/{name}.db"


def unset(stem: str, value: Any, path: str = "") -> Iterator[str]:
    """Yield the unset fields of the original contract, also in lists and inner structs."""
    known = FACTS[stem]["structs"][type(value).__name__]
    original = {int(line.partition(":")[0]) for line in known}
    for field in fields_of(type(value)):
        inner = getattr(value, field.name)
        where = f"{path}{field.name}"
        if inner is None and field.id in original:
            yield where
        elif field.type.struct is not None and inner is not None:
            yield from unset(stem, inner, f"{where}.")
        elif field.type.element is not None and isinstance(inner, list):
            for each in inner:
                yield from unset(stem, each, f"{where}.")


async def test_every_field_of_the_original_contract_is_set_in_every_case(fleet):
    clients = {service: fleet.client(service) for service in PACKAGES}
    for service, method, case, request, allowed in CASES:
        contract = Contract(idl.load(PACKAGES[service]))
        answer = await invoke(clients[service], contract, method, request)
        assert set(unset(contract.name, answer)) == allowed, f"{method}: {case}"


def test_every_method_of_the_original_contract_has_a_case():
    originals = set(PACKAGES.values()) & set(FACTS)
    services = [FACTS[stem]["services"].values() for stem in originals]
    known = {method for methods in services for service in methods for method in service}
    assert {case.method for case in CASES} == known
