"""What a conversion reports while it goes on. Runs in the child process only.

The parent takes a process that reports nothing for a long time for one that hangs, and ends it.
"""

import time
from collections.abc import Callable
from typing import Final

_REPORT_SECONDS: Final = 5.0
_LAST_PERCENT: Final = 99  # the result itself says that all is done


class ProgressReport:
    """Reports the percentage that is done: each new one, and the same one every five seconds.

    One percent of a long video may take long on a busy machine.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        """Report by calling `report` with the percentage, at most 99."""
        self._report = report
        self._percent = 0
        self._reported = time.monotonic()

    def reach(self, share: float) -> None:
        """Note the share that is done, 0 to 1. It never falls."""
        percent = min(_LAST_PERCENT, int(share * 100))
        if percent > self._percent:
            self._percent = percent
            self._tell()
        else:
            self.go_on()

    def go_on(self) -> None:
        """Note that the work goes on."""
        if time.monotonic() > self._reported + _REPORT_SECONDS:
            self._tell()

    def _tell(self) -> None:
        self._reported = time.monotonic()
        self._report(self._percent)
