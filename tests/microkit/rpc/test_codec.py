"""Structs to strict TBinary and back: limits and required fields."""

import contextlib

import pytest

import idl
from microkit.rpc.codec import Codec, DecodeError, EncodeError
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of, zero

videos = Contract(idl.load("videomicro"))
favorites = Contract(idl.load("favoritemicro"))
relations = Contract(idl.load("relationmicro"))
comments = Contract(idl.load("commentmicro"))


def video(**changed):
    fields = {
        "id": -1, "title": "标题", "author_id": 2**63 - 1, "play_url": "p", "cover_url": "",
        "favorite_count": -(2**63), "comment_count": 0,
    }  # fmt: skip
    return videos.Video(**{**fields, **changed})


VALUES = [
    videos.GetVideosFeedResp(status=True, next_time=7, video_list=[video(), video(title="")]),
    videos.GetVideosFeedResp(status=False, status_code=10007, status_msg="没有"),
    videos.GetVideoSetByIdSetReq(id_set=list(range(300))),
    favorites.FavoriteSummaryResp(
        base_resp=favorites.BaseResp(status_code=0),
        video_favorite_count_map={1: 2, 2**40: 3},
        is_favorite_map={1: True, 2: False},
        user_favorite_count_map={7: [1, 2], 8: []},
    ),
    relations.GetFollowInfosResp(
        status_code=1,
        follow_info_map={1: relations.FollowInfo(follow_count=1, follower_count=2, is_follow=True)},
    ),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_struct_survives_a_round_trip(value):
    codec = Codec(type(value))
    data = codec.encode(value)
    assert codec.decode(data) == (value, len(data))
    assert codec.decode(b"xyz" + data, 3) == (value, 3 + len(data))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_truncated_bytes_are_a_decode_error(value):
    codec = Codec(type(value))
    data = codec.encode(value)
    for length in range(len(data)):
        with pytest.raises(DecodeError):
            codec.decode(data[:length])


REQUIRED = [f.name for f in fields_of(videos.Video) if f.requiredness == "required"]


@pytest.mark.parametrize("field", REQUIRED)
def test_an_unset_required_field_is_an_encode_error_at_any_depth(field):
    bad = video(**{field: None})
    with pytest.raises(EncodeError, match=f"Video: required {field} unset"):
        Codec(videos.Video).encode(bad)
    with pytest.raises(EncodeError, match=field):
        Codec(videos.GetVideosFeedResp).encode(
            videos.GetVideosFeedResp(status=True, video_list=[video(), bad])
        )


def test_an_unset_required_field_within_a_map_is_an_encode_error():
    bad = relations.FollowInfo(follow_count=None, follower_count=2, is_follow=True)
    with pytest.raises(EncodeError, match="FollowInfo: required follow_count unset"):
        Codec(relations.GetFollowInfosResp).encode(
            relations.GetFollowInfosResp(status_code=1, follow_info_map={1: bad})
        )


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_required_field_is_a_decode_error(field):
    codec = Codec(videos.Video)
    (number,) = (f.id for f in fields_of(videos.Video) if f.name == field)
    kind = b"\x0b" if field in {"title", "play_url", "cover_url"} else b"\x0a"
    data = codec.encode(video())
    renamed = data.replace(kind + bytes((0, number)), kind + bytes((0, 99)), 1)
    assert renamed != data
    with pytest.raises(DecodeError, match=field):
        codec.decode(renamed)


def test_an_unset_optional_field_is_not_encoded():
    codec = Codec(videos.UpdateVideoReq)
    assert codec.encode(videos.UpdateVideoReq(id=1)) == b"\x0a\x00\x01" + bytes(7) + b"\x01\x00"
    assert codec.decode(b"\x0a\x00\x01" + bytes(7) + b"\x01\x00")[0].title is None


def test_a_field_of_default_requiredness_is_always_encoded():
    codec = Codec(comments.BaseResp)
    data = codec.encode(comments.BaseResp(status_code=0))
    assert b"\x0b\x00\x02\x00\x00\x00\x00" in data
    assert codec.decode(b"\x08\x00\x01\x00\x00\x00\x00\x00")[0].status_msg == ""


@pytest.mark.parametrize(
    "extra",
    [
        b"\x0b\x01\x00\x00\x00\x00\x01x",
        b"\x0c\x01\x00" + b"\x08\x00\x01" + bytes(4) + b"\x00",
        b"\x0d\x01\x00\x0b\x0c\x00\x00\x00\x01\x00\x00\x00\x01k\x00",
        b"\x0f\x01\x00\x0f\x00\x00\x00\x01\x02\x00\x00\x00\x02\x01\x00",
        b"\x0e\x7f\xff\x08\x00\x00\x00\x01" + bytes(4),
    ],
)
def test_unknown_fields_are_skipped(extra):
    codec = Codec(videos.GetVideoAuthorIdReq)
    assert codec.decode(extra + b"\x0a\x00\x01" + bytes(7) + b"\x05\x00")[0].id == 5


@pytest.mark.parametrize(
    "data",
    [
        b"\x0f\x00\x01\x0a\x7f\xff\xff\xff",
        b"\x0f\x00\x01\x0a\xff\xff\xff\xff",
        b"\x0f\x00\x01\x0a\x80\x00\x00\x00\x00",
        b"\x0f\x00\x01\x0c\x00\x00\x00\x01\x00\x00",
        b"\x0b\x00\x09\x7f\xff\xff\xff",
        b"\x0b\x00\x09\xff\xff\xff\xff",
        b"\x63\x00\x01\x00",
        b"\x0c\x00\x09" * 100_000,
        b"\x0f\x00\x09" + b"\x0f\x00\x00\x00\x01" * 100_000,
        b"\x0d\x00\x09" + b"\x08\x0d\x00\x00\x00\x01\x00\x00\x00\x01" * 50_000,
    ],
)
def test_invalid_lengths_types_and_depths_are_a_decode_error(data):
    with pytest.raises(DecodeError):
        Codec(videos.GetVideoSetByIdSetReq).decode(data)


def test_invalid_utf_8_is_a_decode_error_or_text():
    codec = Codec(videos.UpdateVideoReq)
    data = codec.encode(videos.UpdateVideoReq(id=1, title="ab")).replace(b"ab", b"\xff\xfe")
    with contextlib.suppress(DecodeError):
        assert isinstance(codec.decode(data)[0].title, str)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "1"}, {"id": 2**63}, {"id": 1.5}, {"id": [1]}, {"title": 5}, {"title": ["x"]},
        {"title": "\ud800"},
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_an_encode_error(changed):
    with pytest.raises(EncodeError, match="Video"):
        Codec(videos.Video).encode(video(**changed))


@pytest.mark.parametrize("given", [5, [None], [5], {"a": 1}, "ab"])
def test_a_value_that_is_not_a_list_of_structs_is_an_encode_error(given):
    with pytest.raises(EncodeError):
        Codec(videos.GetVideosFeedResp).encode(
            videos.GetVideosFeedResp(status=True, video_list=given)
        )


@pytest.mark.parametrize("name", idl.RPC)
def test_the_zero_value_of_every_struct_survives_a_round_trip(name):
    for struct in Contract(idl.load(name)).structs.values():
        codec = Codec(struct)
        assert codec.decode(codec.encode(zero(struct)))[0] == zero(struct)


def test_methods_and_structs_are_found_by_name():
    assert videos.methods()["UpdateVideoMethod"].request is videos.UpdateVideoReq
    with pytest.raises(AttributeError, match=r"videomicro\.thrift has no struct 'Nothing'"):
        _ = videos.Nothing
