"""Health in Prometheus's text format, for the node exporter's textfile folder or a scrape."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipelines.ask.health.model import Feed, Health
from pipelines.base.problems import Problem


def as_prometheus(health: Health | None, problems: Sequence[Problem]) -> str:
    """Gauges named ``selat_…``, in seconds and bytes; what isn't known is left out."""
    registry = CollectorRegistry()
    registry.register(_Health(health, problems))
    return generate_latest(registry).decode()


class _Health(Collector):
    def __init__(self, health: Health | None, problems: Sequence[Problem]) -> None:
        self._health, self._problems = health, problems

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily("selat_problems", "Problems found.", labels=["level"])
        for level in ("error", "warning"):
            found.add_metric([level], sum(p.level == level for p in self._problems))
        yield found
        if self._health is not None:
            yield from self._known(self._health)

    def _known(self, health: Health) -> Iterator[GaugeMetricFamily]:
        for name, text, value in _single(health):
            if value is not None:
                yield GaugeMetricFamily(f"selat_{name}", text, value=float(value))
        per_feed: dict[str, tuple[str, Callable[[Feed], float | None]]] = {
            "lag_seconds": ("Age of its newest report.", lambda feed: feed.lag_s),
            "reports_per_hour": ("On its newest date.", lambda feed: feed.reports_per_h),
            "usual_share": ("Of its usual rate.", lambda feed: feed.share),
            "silent_dates": ("Dates without a report.", lambda feed: len(feed.silent_dates)),
        }
        for name, (text, value_of) in per_feed.items():
            metric = GaugeMetricFamily(f"selat_feed_{name}", text, labels=["feed"])
            for feed in health.feeds:
                value = value_of(feed)
                if value is not None:
                    metric.add_metric([feed.name], float(value))
            yield metric


def _single(health: Health) -> Iterator[tuple[str, str, float | None]]:
    run, store, disk = health.last_run, health.store, health.disk
    now = health.now
    if run is not None:
        age_s = None if run.finished is None else (now - run.finished).total_seconds()
        yield "last_run_age_seconds", "Since the newest run finished.", age_s
        yield ("last_run_complete", "Whether the newest run is complete.", run.state == "complete")
        yield "last_run_flagged", "Vessels flagged by the newest run.", run.flagged
        yield "last_run_held_back", "Rules held back by their guard.", len(run.held_back)
        yield "last_run_window_end_timestamp_seconds", "End of its window.", run.end.timestamp()
    yield "run_failed", "Whether the newest attempt failed.", bool(health.failure)
    yield "run_missing", "Whether a run that was due is missing.", health.schedule.missing
    due_s = health.schedule.next_due.timestamp()
    yield "next_run_timestamp_seconds", "When the next run is due.", due_s
    if store is not None:
        yield "store_bytes", "Size of the store.", store.bytes
        yield "store_positions", "Position reports in the store.", store.rows
        yield "store_files", "Files of positions.", store.files
        yield "store_files_lost", "Files missing or cut short.", len(store.lost)
        yield "store_schema_version", "Version of its tables.", store.schema_version
    yield "disk_free_bytes", "Free on the disk of the home.", disk.free_bytes
    yield "disk_growth_bytes_per_day", "Growth of the home.", disk.growth_per_day_bytes
    full_s = None if disk.days_left is None else disk.days_left * 86_400
    yield "disk_full_seconds", "Until it is full.", full_s
    if health.backup is not None:
        made = health.backup.made
        yield "backup_age_seconds", "Since the newest backup.", (now - made).total_seconds()
    if health.recording_age_s is not None:
        yield "recording_age_seconds", "Since a live feed was written.", health.recording_age_s
    if health.coverage is not None:
        yield "coverage_gaps", "Gaps in the last 24 h heard.", health.coverage.gaps
        yield "coverage_longest_gap_seconds", "The longest.", health.coverage.longest_gap_s
        heard = [b for b in health.coverage.blocks if b.usual > 0]
        if heard:
            share = sum(b.reports > 0 for b in heard) / len(heard)
            yield "coverage_blocks_share", "Of the blocks usually heard.", share
