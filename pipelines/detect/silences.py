"""Who fell silent or came back: of whom a detector of silence may say something else than it said.

Such a detector (`Detector.of_silence`) is to be asked about a vessel once its silence is long
enough to be an event, when it ends, and when it has shown how it ended (`Detector.settle`); what
else becomes of it the next look tells. Who was heard when is all that this takes: a few numbers a
vessel.
"""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import epoch_us, is_first, is_last
from pipelines.store.now import WITHIN

_NEVER: Final = np.iinfo("int64").max


class Silences:
    """When each vessel was heard last, and when it is to be asked about again.

    Parameters
    ----------
    heard
        mmsi, time: of each vessel the newest report.
    end
        Up to when everybody was asked about.
    silence, settle
        From how long on a silence may be an event, and how long after its end it may change.
    """

    def __init__(
        self, heard: pd.DataFrame, end: pd.Timestamp, silence: timedelta, settle: timedelta
    ) -> None:
        by_mmsi = heard.sort_values("mmsi")
        self._silence_us = silence // timedelta(microseconds=1)
        self._settle_us = settle // timedelta(microseconds=1)
        self._mmsi = by_mmsi["mmsi"].to_numpy("int64")
        self._last_us = np.minimum(epoch_us(by_mmsi["time"]), end.value // 1_000)
        self._due_us = self._last_us.copy()
        self._again_us = np.full(len(self._mmsi), _NEVER)
        self._end_us = end.value // 1_000
        self.asked()

    def asked(self) -> None:
        """Note that all who are due were asked about."""
        due = self._due()
        long_us = self._last_us[due] + self._silence_us
        self._due_us[due] = np.where(long_us > self._end_us, long_us, _NEVER)
        self._again_us[self._again_us <= self._end_us] = _NEVER

    def hear(self, mmsi: Ints, time_us: Ints, needed: int) -> None:
        """Note reports that came, up to the newest time that so many vessels were heard around."""
        order = np.lexsort((time_us, mmsi))
        mmsi, time_us = mmsi[order], time_us[order]
        before_us, self._end_us = self._end_us, self._newest_us(mmsi, time_us, needed)
        kept = time_us <= self._end_us
        mmsi, time_us = mmsi[kept], time_us[kept]
        first = np.flatnonzero(is_first(mmsi))
        self._meet(mmsi[first], time_us[first])
        at = np.searchsorted(self._mmsi, mmsi[first])
        silent_us = np.diff(time_us, prepend=0)
        silent_us[first] = time_us[first] - self._last_us[at]
        back = np.flatnonzero(silent_us >= self._silence_us)
        waits = np.where(self._due_us[at] <= before_us, self._due_us[at], _NEVER)
        last = np.r_[first[1:], len(mmsi)] - 1
        self._last_us[at] = np.maximum(self._last_us[at], time_us[last])
        self._due_us[at] = np.minimum(waits, self._last_us[at] + self._silence_us)
        who = np.searchsorted(self._mmsi, mmsi[back])
        np.minimum.at(self._due_us, who, time_us[back])
        self._again_us[who] = time_us[back] + self._settle_us

    @property
    def end(self) -> pd.Timestamp:
        """Up to when reports count as heard."""
        return pd.Timestamp(self._end_us, unit="us", tz="UTC")

    @property
    def due(self) -> set[int]:
        """Of whom something else may be said by now."""
        return set(self._mmsi[self._due()].tolist())

    def _due(self) -> NDArray[np.bool_]:
        return np.asarray((self._due_us <= self._end_us) | (self._again_us <= self._end_us))

    def _newest_us(self, mmsi: Ints, time_us: Ints, needed: int) -> int:
        """Return the newest time that can be believed, as `store.now` has it; reports are sorted by
        vessel and time.
        """
        last = np.flatnonzero(is_last(mmsi))
        silent = ~np.isin(self._mmsi, mmsi)
        times_us = np.sort(np.r_[time_us[last], self._last_us[silent]])[::-1]
        around = np.searchsorted(-times_us, WITHIN // timedelta(microseconds=1) - times_us, "right")
        enough = np.flatnonzero(around >= needed)
        return max(self._end_us, int(times_us[enough[0]])) if len(enough) else self._end_us

    def _meet(self, mmsi: Ints, time_us: Ints) -> None:
        new = ~np.isin(mmsi, self._mmsi)
        if not new.any():
            return
        where = np.searchsorted(self._mmsi, mmsi[new])
        self._mmsi = np.insert(self._mmsi, where, mmsi[new])
        self._last_us = np.insert(self._last_us, where, time_us[new])
        self._due_us = np.insert(self._due_us, where, time_us[new] + self._silence_us)
        self._again_us = np.insert(self._again_us, where, _NEVER)
