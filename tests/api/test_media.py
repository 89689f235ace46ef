"""Uploads become playable videos with covers or are refused; no process is left behind."""

import asyncio
import os
import platform
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import psutil
import pytest
from av.container import InputContainer
from fleet import turns

from api.media import MediaWorkers
from api.media.cover import choose_frame, save_cover
from api.media.faststart import faststart
from api.media.pipeline import process
from api.media.pool import MediaProcess
from api.media.probe import open_video, video_stream
from microkit.errors import ParamError, Unavailable
from scripts.clips import make_clip

ROOT = Path(__file__).resolve().parents[2]
BLACK, RED, BLUE = (16, 128, 128), (82, 90, 240), (41, 240, 110)  # as Y, U, V


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path, seed=1, seconds=1.0)
    return path


def test_the_index_moves_in_front_and_every_packet_stays(clip, tmp_path):
    moved = tmp_path / "moved.mp4"

    assert faststart(clip, moved)

    assert atoms(moved)[:2] == ["ftyp", "moov"]
    assert moved.stat().st_size == clip.stat().st_size
    assert packets(moved) == packets(clip)
    assert frames(moved) == 24


def test_a_file_with_its_index_in_front_is_unchanged(clip, tmp_path):
    moved = tmp_path / "moved.mp4"
    faststart(clip, moved)

    assert not faststart(moved, tmp_path / "again.mp4")
    assert not (tmp_path / "again.mp4").exists()


def test_64_bit_sizes_and_free_atoms_and_a_moov_to_the_end_are_understood(clip, tmp_path):
    wide, moved = tmp_path / "wide.mp4", tmp_path / "moved.mp4"
    data = clip.read_bytes()
    at_mdat, at_moov = data.index(b"mdat") - 4, data.index(b"moov") - 4
    head, mdat, moov = data[:at_mdat], data[at_mdat:at_moov], data[at_moov:]
    assert head.endswith(b"\0\0\0\x08free")
    # The free atom makes room for a 64-bit size, as writers intend it: no offset changes.
    mdat = b"\0\0\0\x01mdat" + (len(mdat) + 8).to_bytes(8) + mdat[8:]
    wide.write_bytes(head[:-8] + mdat + bytes(4) + moov[4:])

    assert faststart(wide, moved)

    assert atoms(moved) == ["ftyp", "moov", "mdat"]
    assert packets(moved) == packets(clip)


def test_64_bit_offsets_move_too(clip, tmp_path):
    large, moved = tmp_path / "large.mp4", tmp_path / "moved.mp4"
    large.write_bytes(with_co64(clip.read_bytes()))
    assert b"co64" in large.read_bytes()

    assert faststart(large, moved)

    assert packets(moved) == packets(clip)


def test_bytes_after_the_last_atom_are_accepted(clip, tmp_path):
    tailed, moved = tmp_path / "tailed.mp4", tmp_path / "moved.mp4"
    tailed.write_bytes(clip.read_bytes() + b"\0\0\0\x03made by a camera")

    assert faststart(tailed, moved)

    assert packets(moved) == packets(clip)


@pytest.mark.parametrize(("turn", "top"), [(90, "right"), (-90, "left"), (180, "bottom")])
def test_a_rotated_video_has_an_upright_cover(tmp_path, turn, top):
    source = tmp_path / "turned.mp4"
    red = {"right": (160, 0, 320, 180), "left": (0, 0, 160, 180), "bottom": (0, 90, 320, 180)}
    encode(source, [split_frame(red[top])] * 5, rotation=turn)

    done = process(source, tmp_path)

    width, height = (320, 180) if turn == 180 else (180, 320)
    assert (done.probe.width, done.probe.height) == (width, height)
    with av.open(str(done.cover)) as picture:
        cover = next(picture.decode(video=0))
    assert (cover.width, cover.height) == (width, height)
    assert chroma_v(cover, width // 4, height // 4) > 180  # red on top
    assert chroma_v(cover, width // 4, height // 4 * 3) < 150


def test_a_black_beginning_gives_no_black_cover(tmp_path):
    source = tmp_path / "black.mp4"
    encode(source, [flat_frame(BLACK)] * 30 + [split_frame((0, 0, 160, 180))] * 30)

    done = process(source, tmp_path)

    with av.open(str(done.cover)) as picture:
        assert chroma_v(next(picture.decode(video=0)), 20, 20) > 180


def test_an_entirely_black_video_has_a_cover(tmp_path):
    source = tmp_path / "black.mp4"
    encode(source, [flat_frame(BLACK)] * 30)

    assert process(source, tmp_path).cover.stat().st_size > 100


def test_a_large_video_has_a_cover_of_at_most_720_pixels(tmp_path):
    source = tmp_path / "large.mp4"
    encode(source, [split_frame((0, 0, 800, 1080), (1920, 1080))] * 2)

    done = process(source, tmp_path)

    assert (done.probe.width, done.probe.height) == (1920, 1080)
    with av.open(str(done.cover)) as picture:
        cover = next(picture.decode(video=0))
    assert (cover.width, cover.height) == (720, 405)


def test_the_cover_respects_the_sample_aspect_ratio(tmp_path):
    source = tmp_path / "wide.mp4"
    encode(source, [split_frame((0, 0, 160, 180))] * 5, aspect=Fraction(4, 3))

    probe = process(source, tmp_path).probe

    assert (probe.width, probe.height) == (427, 180)


def test_webm_without_a_duration_in_its_header_is_accepted(tmp_path):
    source = tmp_path / "recording"
    encode(source, [split_frame((0, 0, 160, 180))] * 24, kind="webm", options={"live": "1"})

    done = process(source, tmp_path)

    assert done.video == source
    assert (done.probe.container, done.probe.content_type) == ("webm", "video/webm")
    assert done.probe.suffix == ".webm"
    assert 900 <= done.probe.duration_ms <= 1100


def test_a_title_in_another_encoding_is_accepted(clip, tmp_path):
    source = tmp_path / "gbk.mp4"
    source.write_bytes(clip.read_bytes().replace(b"VideoHandler", "视频处理程序".encode("gbk")))

    assert process(source, tmp_path).probe.width == 360


def test_too_many_pixels_are_refused(tmp_path):
    source = tmp_path / "huge.mp4"
    encode(source, [flat_frame(RED, (4128, 4128))])

    with pytest.raises(ParamError, match="分辨率"):
        process(source, tmp_path)


def test_too_many_pixels_are_refused_even_if_the_container_declares_fewer(tmp_path):
    source = tmp_path / "lies.mp4"
    encode(source, [flat_frame(RED, (4128, 4128))])
    size = (4128).to_bytes(2) * 2
    assert source.read_bytes().count(size) == 1
    source.write_bytes(source.read_bytes().replace(size, (320).to_bytes(2) * 2))

    with pytest.raises(ParamError):
        process(source, tmp_path)


def refused_files(folder: Path, clip: Path) -> dict[str, bytes]:
    data = clip.read_bytes()
    moved = folder / "moved.mp4"
    faststart(clip, moved)
    sound, picture = folder / "sound.mp4", folder / "picture.png"
    encode_sound(sound)
    flat_frame(RED).save(picture)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{clip}\n#EXT-X-ENDLIST\n"
    return {
        "empty": b"",
        "text": b"not a video at all\n" * 50,
        "playlist": playlist.encode(),
        "concat": f"ffconcat version 1.0\nfile {clip}\n".encode(),
        "picture": picture.read_bytes(),
        "sound": sound.read_bytes(),
        "cut before the index": data[: len(data) // 2],
        "cut in the data": moved.read_bytes()[: len(data) * 2 // 3],
        "nothing but a header": data[:40],
        "playlist in disguise": data[:32] + playlist.encode(),
        "scrambled index": data[: data.index(b"stbl")] + bytes(len(data) - data.index(b"stbl")),
    }


async def test_a_file_that_is_not_a_video_is_refused_and_the_worker_survives(clip, tmp_path):
    async with MediaWorkers() as media:
        for name, data in refused_files(tmp_path, clip).items():
            source, folder = tmp_path / "upload.mp4", tmp_path / name
            folder.mkdir()
            source.write_bytes(data)
            with pytest.raises(ParamError) as refusal:
                await media.process(source, folder)
            assert str(refusal.value), name
        assert len(children()) == 1
        assert (await media.process(clip, tmp_path)).probe.width == 360


async def test_a_worker_returns_the_video_its_cover_and_description(clip, tmp_path):
    async with MediaWorkers() as media:
        assert not children()  # none before the first upload
        done = await media.process(clip, tmp_path)

    assert done.video == tmp_path / "stored.mp4"
    assert atoms(done.video)[:2] == ["ftyp", "moov"]
    assert done.cover.read_bytes().startswith(b"\xff\xd8\xff")
    probe = done.probe
    assert (probe.width, probe.height, probe.container) == (360, 640, "mp4")
    assert (probe.content_type, probe.suffix) == ("video/mp4", ".mp4")
    assert 990 <= probe.duration_ms <= 1100
    assert not children()


async def test_a_worker_that_takes_too_long_is_replaced(clip, tmp_path):
    async with MediaWorkers() as media:
        await media.process(clip, tmp_path)
        [stuck] = children()
        stuck.suspend()
        media._timeout_seconds = 0.1
        with pytest.raises(ParamError, match="无法处理"):
            await media.process(clip, tmp_path)

        media._timeout_seconds = 30
        assert (await media.process(clip, tmp_path)).probe.width == 360
        assert stuck not in children()
    assert not children()


@pytest.mark.parametrize("deaths", [1, 2])
async def test_a_worker_that_ends_at_start_is_retried_once(clip, tmp_path, monkeypatch, deaths):
    start, started = MediaProcess.start, []

    async def start_and_die(niceness):
        worker = await start(niceness)
        started.append(worker)
        if len(started) <= deaths:
            worker.process.kill()
            await worker.process.wait()
        return worker

    monkeypatch.setattr(MediaProcess, "start", start_and_die)
    async with MediaWorkers() as workers:
        if deaths == 1:
            assert (await workers.process(clip, tmp_path)).cover.exists()
        else:
            with pytest.raises(ParamError):
                await workers.process(clip, tmp_path)
    assert len(started) == 2


async def test_a_worker_that_died_while_idle_is_replaced(clip, tmp_path):
    async with MediaWorkers() as media:
        await media.process(clip, tmp_path)
        [worker] = children()
        worker.kill()
        await until(lambda: not media._idle[0].alive)

        assert (await media.process(clip, tmp_path)).probe.width == 360


async def test_a_cancelled_upload_kills_its_worker(clip, tmp_path):
    async with MediaWorkers() as media:
        await media.process(clip, tmp_path)
        [worker] = children()
        worker.suspend()
        call = asyncio.create_task(media.process(clip, tmp_path))
        await turns()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: not children())

        assert (await media.process(clip, tmp_path)).probe.width == 360


async def test_an_idle_worker_ends_after_a_while(clip, tmp_path):
    async with MediaWorkers(idle_seconds=0.1) as media:
        await media.process(clip, tmp_path)
        assert children()
        await until(lambda: not children())

        assert (await media.process(clip, tmp_path)).probe.width == 360


async def test_a_worker_serves_many_uploads_within_its_limits(clip, tmp_path):
    async with MediaWorkers(workers=1) as media:
        await media.process(clip, tmp_path)
        (first,) = children()
        for _ in range(80):  # what one leaves behind must not fill the address space
            await media.process(clip, tmp_path)
        assert children() == [first]
        assert first.num_threads() < 20


async def test_the_queue_of_uploads_is_bounded(clip, tmp_path):
    async with MediaWorkers(workers=1, waiting=1) as media:
        results = await asyncio.gather(
            *(media.process(clip, tmp_path) for _ in range(3)), return_exceptions=True
        )
        assert len(children()) == 1

    assert [type(result).__name__ for result in results[:2]] == ["Processed", "Processed"]
    assert isinstance(results[2], Unavailable)


async def test_users_take_turns(clip, tmp_path):
    ended = []

    async def publish(media: MediaWorkers, user_id: int) -> None:
        await media.process(clip, tmp_path, user_id)
        ended.append(user_id)

    async with MediaWorkers() as media:
        await asyncio.gather(*(publish(media, user_id) for user_id in (1, 1, 1, 1, 2)))
    assert ended == [1, 1, 2, 1, 1]


async def test_hevc_is_refused_with_advice(tmp_path):
    source = tmp_path / "iphone.mov"
    encode(source, [flat_frame(RED)] * 3, kind="mov", name="libx265")
    async with MediaWorkers() as media:
        with pytest.raises(ParamError, match=r"HEVC.*H\.264"):
            await media.process(source, tmp_path)


class CountingContainer:
    """A container that counts its decoded frames."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self.frames = 0

    def seek(self, *place, **options) -> None:
        self._container.seek(*place, **options)

    def decode(self, stream):
        for frame in self._container.decode(stream):
            self.frames += 1
            yield frame


@pytest.mark.parametrize(("size", "most"), [((4096, 4096), 16), ((1920, 1080), 130)])
def test_frames_decoded_for_a_blank_video_are_bounded(tmp_path, size, most):
    source = tmp_path / "dark.mp4"
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, BLACK, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    codec = {"preset": "ultrafast", "g": "999", "threads": "1"}
    encode(source, [frame] * (most * 3), codec=codec)
    with open_video(source) as container:
        counted, stream = CountingContainer(container), video_stream(container)
        choose_frame(counted, stream, most * 3 / 24)
    assert counted.frames <= most


async def test_closing_ends_uploads_in_flight(clip, tmp_path):
    async with MediaWorkers() as media:
        calls = [asyncio.create_task(media.process(clip, tmp_path)) for _ in range(3)]
        await turns()
    assert not children()

    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)


def test_workers_end_when_their_parent_is_killed(clip, tmp_path):
    script = f"""
import asyncio, os, psutil
from pathlib import Path
from api.media import MediaWorkers
async def main():
    media = MediaWorkers()
    await media.process(Path({str(clip)!r}), Path({str(tmp_path)!r}))
    print(psutil.Process().children()[0].pid, flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    worker = int(output_of(script))
    asyncio.run(until(lambda: not running(worker)))


def test_the_parent_never_loads_pyav(clip, tmp_path):
    script = f"""
import asyncio, sys
from pathlib import Path
from api.media import MediaWorkers
async def main():
    async with MediaWorkers() as media:
        await media.process(Path({str(clip)!r}), Path({str(tmp_path)!r}))
asyncio.run(main())
print("av" in sys.modules)
"""
    assert output_of(script).strip() == "False"


async def test_a_worker_has_no_secrets_of_its_parent(clip, tmp_path, monkeypatch):
    monkeypatch.setenv("JWT_SECRET", "not for workers")
    async with MediaWorkers() as media:
        await media.process(clip, tmp_path)
        [worker] = children()
        assert "JWT_SECRET" not in worker.environ()
        assert worker.nice() >= min(10, os.nice(0) + 10)


LINUX = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="the filter of system calls is Linux's",
)


@LINUX
async def test_a_media_process_has_no_network_and_few_files(clip, tmp_path):
    async with MediaWorkers() as media:
        await media.process(clip, tmp_path)
        (child,) = children()
        status = await asyncio.to_thread(Path(f"/proc/{child.pid}/status").read_text)
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        assert child.rlimit(psutil.RLIMIT_NOFILE) == (64, 64)
        assert child.environ() == {}


@LINUX
@pytest.mark.parametrize(
    "deed",
    [
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.execv('/bin/true', ['true'])",
        "subprocess.run(['/bin/true'])",
    ],
)
def test_the_sandbox_refuses_system_calls_that_decoders_do_not_need(deed):
    script = f"""
import os, socket, subprocess, threading
from api.media import sandbox
assert sandbox.enter()
thread = threading.Thread(target=print, args=("a thread",))
thread.start()
thread.join()
open("/dev/null").close()
try:
    {deed}
except PermissionError:
    print("refused")
"""
    assert output_of(script).split()[-1] == "refused"


def test_clips_are_made_the_same_from_the_same_seed(tmp_path):
    for name, seed in (("one", 3), ("two", 3), ("three", 7)):
        make_clip(tmp_path / name, seed=seed, seconds=0.5)

    one, two, three = (packets(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_a_frame_is_chosen_even_if_the_rest_is_damaged(clip, tmp_path):
    data, source = bytearray(clip.read_bytes()), tmp_path / "damaged.mp4"
    middle, end = len(data) // 2, data.index(b"moov") - 4
    data[middle:end] = os.urandom(end - middle)
    source.write_bytes(data)
    with open_video(source) as container:
        stream = video_stream(container)
        save_cover(choose_frame(container, stream, 1.0), stream, tmp_path / "cover.jpg")


def output_of(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout


def children() -> list[psutil.Process]:
    """The workers that run as children of this process."""
    return [each for each in psutil.Process().children() if "api.media.child" in command(each)]


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # it ended just now
        return []


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def until(condition, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # other processes set no Event
            await asyncio.sleep(0.02)


def atoms(path: Path) -> list[str]:
    data, at, kinds = path.read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        size = int.from_bytes(data[at + 8 : at + 16]) if size == 1 else size or len(data) - at
        kinds.append(data[at + 4 : at + 8].decode())
        at += size
    return kinds


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(p.stream_index, p.pts, bytes(p)) for p in container.demux() if p.size]


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def with_co64(data: bytes) -> bytes:
    """Replaces the tables of 32-bit offsets, growing every atom around them."""

    def widen(start: int, end: int) -> bytes:
        made = b""
        while start < end:
            size, kind = int.from_bytes(data[start : start + 4]), data[start + 4 : start + 8]
            body = data[start + 8 : start + size]
            if kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
                body = widen(start + 8, start + size)
            elif kind == b"stco":
                offsets = [body[i : i + 4] for i in range(8, len(body), 4)]
                kind, body = b"co64", body[:8] + b"".join(bytes(4) + at for at in offsets)
            made += (len(body) + 8).to_bytes(4) + kind + body
            start += size
        return made

    return widen(0, len(data))


def flat_frame(color, size=(320, 180)) -> av.VideoFrame:
    return split_frame((0, 0, *size), size, color)


def split_frame(box, size=(320, 180), color=RED) -> av.VideoFrame:
    """A blue frame with a box (left, top, right, bottom) of another colour."""
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, inside, outside in zip(frame.planes, color, BLUE, strict=True):
        shrink = size[0] // plane.width
        left, top, right, bottom = (value // shrink for value in box)
        line = bytearray([outside]) * plane.line_size
        mixed = bytearray(line)
        mixed[left:right] = bytearray([inside]) * (right - left)
        rows = (mixed if top <= y < bottom else line for y in range(plane.height))
        plane.update(b"".join(rows))
    return frame


def chroma_v(frame: av.VideoFrame, x: int, y: int) -> int:
    plane = frame.reformat(format="yuv420p").planes[2]
    return bytes(plane)[y // 2 * plane.line_size + x // 2]


def encode(
    path, pictures, *, kind="mp4", name="", rotation=0, aspect=None, options=None, codec=None
) -> None:
    name = name or ("libx264" if kind == "mp4" else "libvpx")
    with av.open(str(path), "w", format=kind, options=options or {}) as container:
        stream = container.add_stream(name, rate=24, options=codec or {})
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt = "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for index, frame in enumerate(pictures):
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def encode_sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=22_050, layout="mono")
        frame = av.AudioFrame("fltp", "mono", 22_050)
        frame.sample_rate, frame.pts = 22_050, 0
        frame.planes[0].update(bytes(4 * 22_050))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
