"""More covers to choose from, taken from the frames of a conversion. In the child process only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from av.video.frame import VideoFrame

from api.media.cover import save_upright, shows_something

PARTS: Final = (0.25, 0.5, 0.75)  # of the duration: a cover each, from there to the next


class Choices:
    """Saves a frame of each part of a video that is not blank there.

    Args:
        folder: where the pictures are written.
        seconds: the duration.
        rate: frames per second.
    """

    def __init__(self, folder: Path, seconds: float, rate: float) -> None:
        self._folder = folder
        self._starts = [int(part * seconds * rate) for part in PARTS]
        self._every = max(1, round(rate))  # of a part that begins blank, a frame per second is seen
        self._number = -1
        self._next = 0
        self._paths: list[Path] = []

    @property
    def paths(self) -> Sequence[Path]:
        """The pictures, in their order in the video."""
        return self._paths

    def see(self, frame: VideoFrame) -> None:
        """Save the frame if it is one of those wanted; called with every frame, upright."""
        self._number += 1
        while self._next + 1 < len(PARTS) and self._number >= self._starts[self._next + 1]:
            self._next += 1
        if self._next == len(PARTS) or self._number < (start := self._starts[self._next]):
            return
        if (self._number - start) % self._every or not shows_something(frame):
            return
        path = self._folder / f"cover{self._next}.jpg"
        save_upright(frame, path)
        self._paths.append(path)
        self._next += 1
