"""FFmpeg's filters on one frame. In the child process only."""

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

Step = tuple[str, str]
"""A filter and its arguments."""


def entry(graph: Graph, frame: VideoFrame) -> FilterContext:
    """Add the entry of frames like this one to a graph."""
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )


def filtered(frame: VideoFrame, steps: tuple[Step, ...]) -> VideoFrame:
    """Return the frame after the filters."""
    if not steps:
        return frame
    graph = Graph()
    nodes = [
        entry(graph, frame),
        *(graph.add(name, arguments) for name, arguments in steps),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    graph.vpush(frame)
    return graph.vpull()
