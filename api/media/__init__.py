"""Uploaded videos, checked and made ready to store in child processes.

    pool        in the API's process: starts the children, queues and retries requests
    messages    the requests and replies between pool and child
    child       the child process: limits, then a loop over requests
    pipeline    the processing of one upload: probe, cover, faststart, metadata
    filters     FFmpeg's filters on one frame
    picture     the middle of a profile's picture
    rendition   MP4s of a video that every phone plays; hls, ladder
    progress    what a conversion reports while it goes on

Only the child imports PyAV: this package and `pool` do not.
"""

from api.media.messages import Probe, Processed, Rendered
from api.media.pool import MediaWorkers, ProcessEnded

__all__ = ["MediaWorkers", "Probe", "ProcessEnded", "Processed", "Rendered"]
