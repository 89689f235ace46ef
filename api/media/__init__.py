"""Uploaded videos, checked and made ready to store in processes of their own.

Nothing imported here imports PyAV: only the worker process does.
"""

from api.media.processed import Probe, Processed
from api.media.worker import MediaWorkers

__all__ = ["MediaWorkers", "Probe", "Processed"]
