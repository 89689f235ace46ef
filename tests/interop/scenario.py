"""Calls of every method of every contract, in an order in which each can succeed."""

from typing import Any

TEXT = (
    "中文, ASCII, emoji 😀👩‍👩‍👧, rtl שלום, \u0301 combining, \U0001f600, \u200b zero width, \x01"
)

Step = tuple[str, str, str, dict[str, Any]]

U, V, R, F, C = (f"{name}service" for name in ("user", "video", "relation", "favorite", "comment"))


def writes(name: str) -> list[Step]:
    """Calls that write; `name` makes them unique to a run."""
    user = {"name": name, "email": "a@b.example", "signature": TEXT}
    return [
        (U, "UserService", "CreateUserMethod", {"newuser": user, "password": "p"}),
        (U, "UserService", "CreateUserMethod", {"newuser": {"name": name + "2"}, "password": "p"}),
        (U, "UserService", "LoginUserMethod", {"name": name, "password": "p"}),
        (U, "UserService", "UpdateUserMethod", {"id": 1, "update_data": {"signature": TEXT}}),
        (U, "UserService", "UpdateUserMethod", {"id": 1, "update_data": {}}),
        (U, "UserService", "UpdateRelationMethod",
         {"id": 1, "new_data": {"follow_count": 3, "follower_count": 4}}),
        (U, "UserService", "UpdateInteractionMethod",
         {"id": 1, "new_data": {"total_favorited": 5, "favorite_count": 6}}),
        (U, "UserService", "UpdateWorkMethod", {"id": 1, "new_data": {"work_count": 7}}),
        *[
            (V, "VideoService", "CreateVideoMethod",
             {"title": title, "author_id": 1, "play_url": "videos/a.mp4", "cover_url": "c.jpg"})
            for title in ("first", TEXT, "third")
        ],
        (V, "VideoService", "UpdateVideoMethod", {"id": 1, "title": "changed"}),
        (V, "VideoService", "UpdateVideoMethod", {"id": 1}),
        (V, "VideoService", "DeleteVideoMethod", {"video_id": 3}),
        (R, "RelationService", "FollowMethod", {"my_uid": 1, "target_uid": 2, "action_type": 1}),
        (R, "RelationService", "FollowMethod", {"my_uid": 2, "target_uid": 1, "action_type": 1}),
        (R, "MessageService", "SendMessageMethod",
         {"user_id": 1, "to_user_id": 2, "content": TEXT}),
        (R, "MessageService", "SendMessageMethod",
         {"user_id": 2, "to_user_id": 1, "content": "re"}),
        (F, "FavoriteService", "FavoriteMethod", {"user_id": 2, "video_id": 1, "action_type": 1}),
        (F, "FavoriteService", "FavoriteMethod", {"user_id": 2, "video_id": 2, "action_type": 1}),
        (C, "CommentService", "CommentMethod",
         {"user_id": 2, "video_id": 1, "action_type": 1, "comment_text": TEXT}),
        (C, "CommentService", "CommentMethod",
         {"user_id": 2, "video_id": 1, "action_type": 1, "comment_text": "x"}),
        (C, "CommentService", "CommentMethod",
         {"user_id": 2, "video_id": 1, "action_type": 2, "comment_id": 2}),
    ]  # fmt: skip


def reads() -> list[Step]:
    """Calls of the original contracts that only read."""
    return [
        (U, "UserService", "GetUserMethod", {"id": 1}),
        (U, "UserService", "GetUserMethod", {"name": "nobody"}),
        (U, "UserService", "GetUserSetByIdSetMethod", {"id_set": [1, 2, 99]}),
        (U, "UserService", "GetUserSetByIdSetMethod", {"id_set": []}),
        (U, "UserService", "GetUserSetByIdSetMethod", {}),
        (U, "UserService", "GetUserSetByIdSetMethod", {"id_set": list(range(2, 10_002))}),
        (V, "VideoService", "GetVideoAuthorIdMethod", {"id": 1}),
        (V, "VideoService", "GetVideoAuthorIdMethod", {"id": 3}),
        (V, "VideoService", "GetVideosByAuthorIdMethod", {"author_id": 1}),
        (V, "VideoService", "GetVideosFeedMethod", {"latest_time": 2**62, "limit": 30}),
        (V, "VideoService", "GetVideosFeedMethod", {"latest_time": 5, "limit": 30}),
        (V, "VideoService", "GetVideosFeedMethod", {"latest_time": 5, "limit": 0}),
        (V, "VideoService", "GetVideoSetByIdSetMethod", {"id_set": [2]}),
        (V, "VideoService", "GetVideoCountSetByIdUserSetMethod", {"author_id_set": [1]}),
        (R, "RelationService", "GetFollowInfoMethod", {"my_uid": 1, "target_uid": 2}),
        (R, "RelationService", "GetFollowInfoMethod", {"target_uid": 99}),
        (R, "RelationService", "GetFollowListMethod", {"myId": 1, "targetId": 1}),
        (R, "RelationService", "GetFollowerListMethod", {"targetId": 1}),
        (R, "RelationService", "GetFriendListMethod", {"myUid": 1, "targetUid": 1}),
        (R, "RelationService", "GetIsFollowsMethod", {"myUid": 1, "userIds": [2]}),
        (R, "RelationService", "GetIsFollowsMethod", {"myUid": 1, "userIds": list(range(10_000))}),
        (R, "MessageService", "GetAllMessageMethod", {"user_id": 1, "to_user_id": 2}),
        (F, "FavoriteService", "FavoriteListMethod", {"user_id": 2}),
        (F, "FavoriteService", "FavoriteRelationMethod", {"user_id": 2, "video_id": 1}),
        (F, "FavoriteService", "FavoriteRelationsMethod", {"user_id": 2, "video_id_list": [1, 9]}),
        (F, "FavoriteService", "VideoFavoriteCountMethod", {"video_id": 1}),
        (F, "FavoriteService", "UserFavoriteCountMethod", {"user_id": 1}),
        (F, "FavoriteService", "VideosFavoriteCountMethod", {"video_id_list": [1, 9]}),
        (F, "FavoriteService", "VideosFavoriteCountMethod", {"video_id_list": []}),
        (F, "FavoriteService", "UsersFavoriteCountMethod", {"user_id_list": [1, 2]}),
        (C, "CommentService", "CommentListMethod", {"user_id": 1, "video_id": 1}),
        (C, "CommentService", "CommentListMethod", {"user_id": 1, "video_id": 99}),
        (C, "CommentService", "VideosCommentCountMethod", {"video_id_list": [1, 9]}),
        (R, "MessageService", "SendMessageMethod",
         {"user_id": 1, "to_user_id": 2, "content": "字" * 700_000}),
    ]  # fmt: skip


def added() -> list[Step]:
    """Calls of added methods and fields."""
    return [
        (R, "RelationService", "GetFollowInfosMethod", {"my_uid": 1, "target_uids": [1, 2]}),
        (R, "RelationService", "GetFollowListMethod", {"targetId": 1, "ids_only": True}),
        (R, "MessageService", "GetAllMessageMethod",
         {"user_id": 1, "to_user_id": 2, "pre_msg_time": 5}),
        (F, "FavoriteService", "FavoriteSummaryMethod",
         {"user_id": 2, "video_id_list": [1, 2], "user_id_list": [1]}),
        (V, "VideoService", "GetUsedKeysMethod", {"keys": ["videos/none.mp4"]}),
        (V, "VideoService", "GetVideoPagesMethod",
         {"feed": [{"latest_time": 1, "limit": 30}], "published": [{"author_id": 1}]}),
        (R, "RelationService", "GetFollowPagesMethod",
         {"following": [{"user_id": 1}], "followers": [{"user_id": 2, "count": 10}]}),
        (U, "UserService", "EditUserMethod", {"id": 999, "signature": "hello"}),
        (U, "UserService", "ChangePasswordMethod",
         {"id": 2, "old_password": "wrong", "password": "secret"}),
        (U, "UserService", "EndSessionsMethod", {"id": 999}),
        (U, "UserService", "GetEndedSessionsMethod", {"since_ms": 9_000_000_000_000}),
        (R, "MessageService", "GetInboxMethod", {"user_id": 1, "count": 10}),
        (R, "MessageService", "MarkReadMethod", {"user_id": 1, "to_user_id": 99, "until_ms": 5}),
        (F, "FavoriteService", "FavoritePagesMethod", {"pages": [{"user_id": 2}, {"user_id": 99}]}),
        (C, "CommentService", "CommentPagesMethod", {"pages": [{"video_id": 1, "count": 5}]}),
        (V, "VideoService", "RemoveVideoMethod",
         {"video_id": 99, "author_id": 1, "lease_seconds": 1}),
        (V, "VideoService", "FinishRemovalMethod", {"video_id": 99, "round": 0}),
        (V, "VideoService", "ClaimRemovalMethod", {"lease_seconds": 0}),
        (V, "VideoService", "CreatePendingVideoMethod",
         {"title": "", "author_id": 1, "play_url": "v", "cover_url": "c"}),
        (V, "VideoService", "GetPendingVideosMethod", {"author_id": 99}),
        (V, "VideoService", "ClaimRenditionMethod", {"attempt": "a", "lease_seconds": 0}),
        (V, "VideoService", "KeepRenditionMethod",
         {"video_id": 99, "attempt": "a", "lease_seconds": 1, "progress": 0}),
        (V, "VideoService", "FinishRenditionMethod", {"video_id": 99, "attempt": "a"}),
        (V, "VideoService", "GetCoversMethod", {"video_id": 99, "author_id": 1}),
        (V, "VideoService", "ChooseCoverMethod", {"video_id": 99, "author_id": 1, "cover": 0}),
        (F, "FavoriteService", "ForgetVideoMethod", {"video_id": 99, "author_id": 1}),
        (C, "CommentService", "ForgetVideoMethod", {"video_id": 99}),
        (U, "UserService", "SearchUsersMethod", {"words": "没有"}),
        (V, "VideoService", "SearchVideosMethod", {"words": "没有"}),
        (V, "VideoService", "HashtagVideosMethod", {"hashtag": "没有"}),
        (V, "VideoService", "VideosOfAuthorsMethod", {"author_ids": [99]}),
        (V, "VideoService", "SuggestHashtagsMethod", {"prefix": "没有"}),
        (V, "VideoService", "LatestVideosMethod", {"limit": 30}),
        (R, "RelationService", "BlockMethod", {"my_uid": 1, "target_uid": 2, "action_type": 2}),
        (R, "RelationService", "GetBlockedMethod", {"my_uid": 1}),
        (U, "UserService", "ReportMethod", {"reporter_id": 1, "kind": 1, "target_id": 99}),
        (U, "UserService", "GetReportsMethod", {"cursor": 1}),
        (U, "UserService", "HideUserMethod", {"id": 99, "hidden": True}),
        (V, "VideoService", "HideVideoMethod", {"video_id": 99, "hidden": True}),
        # Out of bounds: a grant would be the first caller's only.
        (V, "VideoService", "ClaimSweepMethod", {"interval_seconds": 1}),
    ]  # fmt: skip


def methods() -> set[str]:
    """Every method that is called."""
    return {method for _, _, method, _ in [*writes("x"), *reads(), *added()]}
