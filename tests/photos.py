"""Pictures to upload: four corners of different colours, and a mark that says how to turn them."""

import struct
import zlib
from pathlib import Path

import av

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
CORNERS = (RED, GREEN, BLUE, YELLOW)  # top left, top right, bottom left, bottom right
PLACE = b"31.2304N 121.4737E"
"""What a camera may note."""
SUFFIXES = (".jpg", ".png", ".webp")


def photo(path: Path, width: int, height: int, turn: int = 1) -> bytes:
    """A picture in the format of the suffix; `turn` is Exif's orientation, 1 to 8."""
    frame = av.VideoFrame(width, height, "rgb24")
    pad = bytes(frame.planes[0].line_size - 3 * width)
    top, bottom = (
        bytes(left) * (width // 2) + bytes(right) * (width - width // 2) + pad
        for left, right in (CORNERS[:2], CORNERS[2:])
    )
    frame.planes[0].update(top * (height // 2) + bottom * (height - height // 2))
    if path.suffix == ".webp":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libwebp", rate=1, options={"lossless": "1"})
            stream.width, stream.height, stream.pix_fmt = width, height, "bgra"
            container.mux(stream.encode(frame.reformat(format="bgra")))
            container.mux(stream.encode(None))
    else:
        frame.reformat(format="yuvj444p" if path.suffix == ".jpg" else "rgb24").save(path)
    path.write_bytes(_marked(path.read_bytes(), width, height, turn))
    return path.read_bytes()


def corners(path: Path) -> tuple[int, int, list[tuple[int, ...]]]:
    """Width, height and the colours of the corners; each part of a colour is 0 or 255."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
    width, height, line = frame.width, frame.height, frame.planes[0].line_size
    data = bytes(frame.planes[0])
    found = []
    for y in (height // 4, height * 3 // 4):
        for x in (width // 4, width * 3 // 4):
            at = y * line + 3 * x
            found.append(tuple(255 * (each > 127) for each in data[at : at + 3]))
    return width, height, found


def _marked(data: bytes, width: int, height: int, turn: int) -> bytes:
    """The file with Exif: an orientation and a place."""
    tags = struct.pack("<H HHII HHII", 2, 0x112, 3, 1, turn, 0x13B, 2, len(PLACE), 38)
    exif = b"II*\0\x08\0\0\0" + tags + bytes(4) + PLACE
    if data[:2] == b"\xff\xd8":
        part = b"Exif\0\0" + exif
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part + data[2:]
    if data[:4] == b"RIFF":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        extended = b"VP8X" + struct.pack("<I", 10) + b"\x18\0\0\0" + sides
        body = b"WEBP" + extended + data[12:] + b"EXIF" + struct.pack("<I", len(exif)) + exif
        return b"RIFF" + struct.pack("<I", len(body)) + body
    after_header = 33
    chunk = b"eXIf" + exif
    marked = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:after_header] + marked + data[after_header:]
