"""Live feeds to files: TCP, UDP, a serial line or standard input, recorded for the nightly run.

`listen` records until it is told to stop. Its files need nothing but `zstd -dc` to be read; while
a file is written it is hidden (`.….nmea.zst.part`), so that no run takes it for a feed. What a
killed recorder left behind is completed when the next one starts, or by `recover`.
"""

from pipelines.ingest.listen.errors import ListenError
from pipelines.ingest.listen.inbox import Backoff
from pipelines.ingest.listen.recorder import recover
from pipelines.ingest.listen.session import listen, stop_on_signals
from pipelines.ingest.listen.status import Status, Summary

__all__ = [
    "Backoff",
    "ListenError",
    "Status",
    "Summary",
    "listen",
    "recover",
    "stop_on_signals",
]
