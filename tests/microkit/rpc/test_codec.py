"""Structs to strict TBinary and back: limits, and requiredness both ways."""

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
def test_a_struct_comes_back_as_it_went(value):
    codec = Codec(type(value))
    data = codec.encode(value)
    assert codec.decode(data) == (value, len(data))
    assert codec.decode(b"xyz" + data, 3) == (value, 3 + len(data))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_bytes_cut_off_anywhere_are_an_error(value):
    codec = Codec(type(value))
    data = codec.encode(value)
    for length in range(len(data)):
        with pytest.raises(DecodeError):
            codec.decode(data[:length])


@pytest.mark.parametrize("field", [f.name for f in fields_of(videos.Video)])
def test_a_required_field_that_is_none_is_not_sent_however_deep(field):
    bad = video(**{field: None})
    with pytest.raises(EncodeError, match=f"Video: required {field} unset"):
        Codec(videos.Video).encode(bad)
    with pytest.raises(EncodeError, match=field):
        Codec(videos.GetVideosFeedResp).encode(
            videos.GetVideosFeedResp(status=True, video_list=[video(), bad])
        )


def test_a_required_field_of_a_struct_in_a_map_is_checked_too():
    bad = relations.FollowInfo(follow_count=None, follower_count=2, is_follow=True)
    with pytest.raises(EncodeError, match="FollowInfo: required follow_count unset"):
        Codec(relations.GetFollowInfosResp).encode(
            relations.GetFollowInfosResp(status_code=1, follow_info_map={1: bad})
        )


@pytest.mark.parametrize("field", [f.name for f in fields_of(videos.Video)])
def test_a_required_field_that_did_not_arrive_is_an_error(field):
    codec = Codec(videos.Video)
    (number,) = (f.id for f in fields_of(videos.Video) if f.name == field)
    kind = b"\x0b" if field in {"title", "play_url", "cover_url"} else b"\x0a"
    data = codec.encode(video())
    renamed = data.replace(kind + bytes((0, number)), kind + bytes((0, 99)), 1)
    assert renamed != data
    with pytest.raises(DecodeError, match=field):
        codec.decode(renamed)


def test_an_optional_field_that_is_unset_does_not_travel():
    codec = Codec(videos.UpdateVideoReq)
    assert codec.encode(videos.UpdateVideoReq(id=1)) == b"\x0a\x00\x01" + bytes(7) + b"\x01\x00"
    assert codec.decode(b"\x0a\x00\x01" + bytes(7) + b"\x01\x00")[0].title is None


def test_a_field_of_default_requiredness_always_travels():
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
def test_fields_that_a_newer_peer_sends_are_skipped(extra):
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
def test_lengths_types_and_depths_that_lie_are_an_error(data):
    with pytest.raises(DecodeError):
        Codec(videos.GetVideoSetByIdSetReq).decode(data)


def test_text_that_is_no_utf_8_is_an_error_or_text():
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
def test_a_value_that_does_not_fit_its_type_is_not_sent(changed):
    with pytest.raises(EncodeError, match="Video"):
        Codec(videos.Video).encode(video(**changed))


@pytest.mark.parametrize("given", [5, [None], [5], {"a": 1}, "ab"])
def test_what_is_no_list_of_structs_is_not_sent_as_one(given):
    with pytest.raises(EncodeError):
        Codec(videos.GetVideosFeedResp).encode(
            videos.GetVideosFeedResp(status=True, video_list=given)
        )


@pytest.mark.parametrize("name", idl.RPC)
def test_an_empty_struct_of_every_kind_can_be_sent_and_read(name):
    for struct in Contract(idl.load(name)).structs.values():
        codec = Codec(struct)
        assert codec.decode(codec.encode(zero(struct)))[0] == zero(struct)


def test_methods_and_structs_are_known_by_name():
    assert videos.methods()["UpdateVideoMethod"].request is videos.UpdateVideoReq
    with pytest.raises(AttributeError, match=r"videomicro\.thrift has no struct 'Nothing'"):
        _ = videos.Nothing
