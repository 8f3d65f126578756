"""`selat exercise`: simulate labelled feeds, score runs, try several seeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines.cli.options import AsJson, Config, installation_of
from pipelines.cli.present import cell

if TYPE_CHECKING:
    from pipelines.exercise import Score

app = typer.Typer(no_args_is_help=True, help="Simulate labelled feeds and score runs.")

Hours = Annotated[float, typer.Option(min=1, help="Length of the feed.")]
Vessels = Annotated[int, typer.Option(min=20, help="Number of vessels.")]
Innocent = Annotated[
    bool, typer.Option("--innocent", help="Plant nothing: whatever is flagged is flagged wrongly.")
]
Satellite = Annotated[
    bool, typer.Option("--satellite", help="Heard by satellite only: each ship every 10-60 min.")
]
BySort = Annotated[bool, typer.Option("--sorts", help="Show every sort of event and trap too.")]


@app.command("simulate")
def exercise_simulate(
    out: Annotated[
        Path, typer.Argument(help="Folder for feed.nmea.gz, sightings.csv and truth.json.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")] = 1,
    hours: Hours = 24,
    vessels: Vessels = 300,
    start: Annotated[str, typer.Option(help="Start, ISO 8601 UTC.")] = "2026-01-05T16:00:00Z",
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Plant only this kind, with its traps; may be repeated."),
    ] = None,
    innocent: Innocent = False,
    satellite: Satellite = False,
    config: Config = None,
) -> None:
    """Write a labelled feed of simulated traffic, as real AIVDM sentences, and what others saw.

    The sea has a tidal stream, villages in no zone, boats that send no number of their own,
    crews that type in what isn't so, and reports that are misdated, copied or false: truth.json
    tells them under `faults`, faulty_reports.csv one by one.

    For example:

      selat exercise simulate data/exercise --seed 7 --hours 24 --vessels 300

      selat exercise simulate data/exercise --kind crossing --kind anchoring

      selat exercise simulate data/sparse --satellite

      selat exercise simulate data/quiet --innocent
    """
    installation = installation_of(None, config)
    from pipelines.base.progress import reporter
    from pipelines.exercise import simulate
    from pipelines.reference import layers as reference
    from pipelines.run.windows import utc

    # Without what was learned in this home: the same seed gives the same bytes everywhere.
    zones = reference.load_zones(installation.config / "zones", installation.reference)
    with reporter() as report, report.bar("Simulating", 1.0) as bar:
        simulate(
            out,
            seed=seed,
            hours=hours,
            vessels=vessels,
            start=utc(start, "UTC").to_pydatetime(),
            zones=zones,
            kinds=kinds or None,
            innocent=innocent,
            satellite=satellite,
            progress=bar.to,
        )
    names = ("feed.nmea.gz", "sightings.csv", "truth.json", "faulty_reports.csv")
    wrote = [str(out / name) for name in names]
    typer.echo(f"wrote {', '.join(wrote)}")
    typer.echo(
        f"a night of it: selat nightly --feed {wrote[0]} --sightings {wrote[1]} "
        f"--home {out / 'home'}"
    )


@app.command("score")
def exercise_score(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="truth.json of a feed and the folder of the run's results; more such pairs are "
            "scored as one."
        ),
    ],
    by_sort: BySort = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Compare a run with the truth: recall, traps, false events, precision and lift of the top.

    What is planted counts as found where an event of it reaches the flagging score and a vessel of
    it is in flagged.csv; as seen where an event matches it, whatever its score. What can't be told
    from what was heard (undec.) is named with its reason, and missed all the same in recall; "of
    dec." is recall of the rest.

    For example:

      selat exercise score data/exercise/truth.json data/exercise/home/latest

      selat exercise score a/truth.json a/home/latest --sorts
    """
    from detectors.core.errors import ConfigError
    from pipelines.exercise import pooled, score

    if len(files) % 2:
        raise ConfigError(
            f"{files[-1]} has no run to go with it", hint="name each truth.json, then its run"
        )
    flag_score = installation_of(None, config).settings.assess.min_score
    pairs = zip(files[::2], files[1::2], strict=True)
    result = pooled([score(truth, run, flag_score=flag_score) for truth, run in pairs])
    typer.echo(result.to_json()) if as_json else _show(result, by_sort=by_sort)


@app.command("trial")
def exercise_trial(
    out: Annotated[Path, typer.Argument(help="Folder for the exercises and their runs.")],
    seeds: Annotated[str, typer.Option(help="Seeds, e.g. 201-204,300.")] = "201-204",
    hours: Hours = 24,
    vessels: Vessels = 300,
    jobs: Annotated[int, typer.Option(min=1, help="Seeds at a time.")] = 1,
    innocent: Innocent = False,
    satellite: Satellite = False,
    by_sort: BySort = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Simulate, run and score several seeds: tune on some, report on others.

    For example:

      selat exercise trial data/trial --seeds 301-306 --jobs 2

      selat exercise trial data/innocent --seeds 301-306 --innocent
    """
    installation = installation_of(None, config)
    from pipelines.base.progress import reporter
    from pipelines.exercise import Trial, pooled, seeds_of

    trial = Trial(out, hours, vessels, installation.config, innocent, satellite)
    wanted = seeds_of(seeds)
    finished: list[int] = []
    with reporter() as report, report.bar("Trying", 1.0) as bar:

        def done(seed: int) -> None:
            finished.append(seed)
            bar.to(len(finished) / len(wanted))

        flag_score = installation.settings.assess.min_score
        by_seed = trial.run(wanted, jobs=jobs, flag_score=flag_score, done=done)
    result = pooled(list(by_seed.values()))
    (out / "score.json").write_text(result.to_json() + "\n", encoding="utf-8")
    if as_json:
        typer.echo(result.to_json())
        return
    _show_seeds(by_seed)
    _show(result, by_sort=by_sort)


_MEANING: Final = (
    "seen: an event matches it, recall: and it is flagged. undec.: no report that was heard could "
    "tell of it, of dec.: recall of the rest. off: by how much its beginning was missed. other: "
    "neither planted nor in a trap, false: of these without an explanation, or strong enough to "
    "flag.\n"
)


def _show(result: "Score", *, by_sort: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    frame = result.to_frame()
    frame["start_error_min"] = frame["start_error_s"] / 60
    frame["lift_text"] = [
        _lift(*row) for row in frame[["lift", "lift_low", "lift_high"]].itertuples(index=False)
    ]
    console = Console(highlight=False)
    # Three tables, so that each fits a terminal of 80 columns.
    for headings in (
        {
            "kind": "kind",
            "planted": "planted",
            "recall": "recall",
            "recall_seen": "seen",
            "undecidable": "undec.",
            "recall_decidable": "of dec.",
            "start_error_min": "off, min",
        },
        {
            "kind": "kind",
            "traps": "traps",
            "raised": "raised",
            "raised_flagged": "flagged",
            "events": "events",
            "other": "other",
            "false": "false",
        },
        {
            "kind": "kind",
            "false_per_1000_vessel_hours": "false per 1,000 h",
            "precision_at_top": "precision",
            "lift_text": "lift (95 %)",
        },
    ):
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for heading in headings.values():
            table.add_column(heading, no_wrap=True)
        for row in frame[list(headings)].itertuples(index=False):
            table.add_row(*[cell(value) for value in row])
        console.print(table, "")
    console.print(_MEANING)
    for event, why in result.undecidable:
        found = "missed" if any(event == one for one, _ in result.missed) else "found"
        console.print(f"Undecidable ({found}): {event.kind}, {event.note}: {why}.")
    if by_sort:
        sorts = Table("kind", "what", "to be found", "number", "found or raised", "flagged")
        for sort in result.sorts:
            found = "yes" if sort.suspicious else "no, a trap"
            cells = (sort.kind, sort.note, found, sort.number, sort.hit, sort.flagged)
            sorts.add_row(*[cell(value) for value in cells])
        console.print(sorts)
    console.print(
        f"Precision of the top {result.top}: {cell(result.precision_at_top)} "
        f"({result.top_right} of {result.top} are planted). "
        f"Lift over random boarding: {_lift(*result.lift)}.\n"
        f"Flagged: {result.flagged_vessels}, of these {result.flagged_planted} planted, "
        f"{result.flagged_traps} traps ({cell(100 * result.traps_among_flagged)} %), "
        f"{result.flagged_others} others.\n"
        f"False events (unexplained, or strong enough to flag) per 1,000 vessel-hours: "
        f"{cell(result.false_per_1000_vessel_hours)}.\n"
        f"Flags per 1,000 vessel-hours: {cell(result.flags_per_1000_vessel_hours)}; where nothing "
        f"was planted: {cell(result.innocent_flags_per_1000_vessel_hours)} "
        f"({result.innocent_runs} of {result.runs} runs)."
    )


def _show_seeds(by_seed: "dict[int, Score]") -> None:
    from rich.console import Console
    from rich.table import Table

    kinds = sorted({k.kind for one in by_seed.values() for k in one.kinds if k.planted})
    table = Table("seed", *[f"{kind}" for kind in kinds], "precision", "false per 1,000 h")
    for seed, one in by_seed.items():
        found = {k.kind: f"{k.found}/{k.planted}" for k in one.kinds}
        last = one.precision_at_top, one.false_per_1000_vessel_hours
        table.add_row(
            str(seed), *[found.get(kind, "–") for kind in kinds], *[cell(value) for value in last]
        )
    Console(highlight=False).print(table)


def _lift(lift: float, low: float, high: float) -> str:
    return "–" if lift != lift else f"{lift:.1f} ({low:.1f}–{high:.1f})"  # noqa: PLR0124 - NaN
