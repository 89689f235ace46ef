"""Private metadata of uploads does not reach viewers."""

import shutil
from pathlib import Path

import av
import pytest

from api.media.metadata import blank, find_metadata
from api.media.pipeline import process
from scripts.clips import make_clip

PLACE, DEVICE = "+31.2304+121.4737/", "Phone 99 Pro"
SAID = (PLACE.encode(), DEVICE.encode(), b"loci", b"\xa9xyz")
SPHERICAL = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path, seed=1, seconds=1.0)
    return path


def tagged(clip: Path, path: Path, *, movflags: str, kind: str = "mp4") -> Path:
    """Remux a clip with a location and a device, as cameras write them."""
    keys = {"location": PLACE, "make": DEVICE, "com.apple.quicktime.location.ISO6709": PLACE}
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(clip)) as source, av.open(str(path), "w", format=kind, options=options) as to:
        to.metadata.update(keys)
        streams = {each.index: to.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                to.mux(packet)
    assert any(said in path.read_bytes() for said in SAID)
    return path


def packets(path: Path) -> list[tuple]:
    with av.open(str(path)) as container:
        return [
            (p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux()
            if p.size
        ]


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", ["mp4", "mov"])
@pytest.mark.parametrize("movflags", ["", "use_metadata_tags", "faststart", "frag_keyframe"])
def test_places_and_devices_are_gone_and_every_packet_stays(clip, tmp_path, kind, movflags):
    source = tagged(clip, tmp_path / f"tagged.{kind}", movflags=movflags, kind=kind)
    stored = process(source, tmp_path).video

    assert not any(said in stored.read_bytes() for said in SAID)
    assert packets(stored) == packets(source)
    assert pictures(stored) == pictures(source)
    with av.open(str(stored)) as container:
        assert not {"location", "make"} & container.metadata.keys()
    assert not find_metadata(stored)


def test_the_upload_itself_is_unchanged(clip, tmp_path):
    source = tagged(clip, tmp_path / "tagged.mp4", movflags="faststart")
    before = source.read_bytes()
    process(source, tmp_path)
    assert source.read_bytes() == before


def test_a_video_without_metadata_is_not_copied(clip, tmp_path):
    source = tmp_path / "plain.mp4"
    shutil.copyfile(process(clip, tmp_path).video, source)
    assert process(source, tmp_path).video == source


def inserted(path: Path, parent: bytes, atom: bytes) -> None:
    """Append an atom to a parent at the end of the file, and enlarge the parents."""
    data = path.read_bytes()
    end = len(data)
    for kind in {parent, b"moov"}:
        at = data.rindex(kind) - 4
        size = int.from_bytes(data[at : at + 4])
        data = data[:at] + (size + len(atom)).to_bytes(4) + data[at + 4 :]
        end = min(end, at + size)
    path.write_bytes(data[:end] + atom + data[end:])


def made(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content


@pytest.mark.parametrize("parent", [b"moov", b"trak"])
@pytest.mark.parametrize("kind", [b"udta", b"meta", b"uuid", b"free", b"skip"])
def test_metadata_of_the_movie_and_of_its_tracks_is_gone(clip, tmp_path, parent, kind):
    source = tmp_path / "source.mp4"
    shutil.copyfile(clip, source)
    inserted(source, parent, made(kind, XMP + PLACE.encode()))
    stored = process(source, tmp_path).video
    assert PLACE.encode() not in stored.read_bytes()
    assert packets(stored) == packets(clip)


@pytest.mark.parametrize("kind", [b"udta", b"meta", b"uuid", b"free"])
def test_metadata_outside_of_the_movie_atom_is_gone(clip, tmp_path, kind):
    source = tmp_path / "source.mp4"
    source.write_bytes(clip.read_bytes() + made(kind, XMP + PLACE.encode()) + b"\0\0\0\3tail")
    stored = process(source, tmp_path).video
    assert PLACE.encode() not in stored.read_bytes()
    assert packets(stored) == packets(clip)


def test_the_projection_of_a_spherical_video_is_kept(clip, tmp_path):
    source = tmp_path / "sphere.mp4"
    shutil.copyfile(clip, source)
    inserted(source, b"trak", made(b"uuid", SPHERICAL + b"<xml/>"))
    assert SPHERICAL + b"<xml/>" in process(source, tmp_path).video.read_bytes()


@pytest.mark.parametrize("kind", [b"meta", b"camm", b"gpmd"])
def test_a_track_of_timed_metadata_is_gone_with_its_samples(clip, tmp_path, kind):
    """The audio track is declared as a track of locations."""
    source = tmp_path / "source.mp4"
    data = clip.read_bytes()
    assert data.count(b"soun") == 1
    source.write_bytes(data.replace(b"soun", kind))
    with av.open(str(clip)) as container:
        sound = container.streams.audio[0].index
    heard = [each[-1] for each in packets(clip) if each[0] == sound and len(each[-1]) > 16]
    seen = [each for each in packets(clip) if each[0] != sound]
    assert all(sample in data for sample in heard)

    stored = process(source, tmp_path).video

    left = stored.read_bytes()
    assert not any(sample in left for sample in heard)
    assert packets(stored) == seen
    assert pictures(stored) == pictures(clip)
    with av.open(str(stored)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_blanking_changes_only_the_metadata(clip, tmp_path):
    source = tagged(clip, tmp_path / "tagged.mp4", movflags="")
    copy = tmp_path / "copy.mp4"
    shutil.copyfile(source, copy)
    found = find_metadata(source)
    blank(copy, found)
    before, after = source.read_bytes(), copy.read_bytes()
    assert len(before) == len(after)
    inside = {n for atom in found.atoms for n in range(atom.start, atom.end)}
    assert all(n in inside for n in range(len(before)) if before[n] != after[n])
