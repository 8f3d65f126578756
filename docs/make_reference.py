"""Write docs/reference from the code: `make docs`. A test holds what is committed against it."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any, Final

import click
import typer
import yaml
from pydantic import BaseModel

import detectors
from detectors.core import frames
from detectors.core.events import WRITTEN
from detectors.core.frames import Column
from detectors.core.relations import Relation
from detectors.surroundings.rules import MAX_KN, MAX_SPEED, WORDS
from detectors.surroundings.watches import WHEN
from detectors.surroundings.zones import CONFIDENCES, ZONE_CLASSES
from pipelines.assess.incidents.steps import ENDINGS, NEXT_STEPS
from pipelines.base.schemas import FLAGGED, MARKS, PARTS
from pipelines.base.settings import PROJECT
from pipelines.base.yaml_files import read_yaml
from pipelines.cli.main import app
from pipelines.ingest.formats import FORMATS
from pipelines.ingest.report import REASONS
from pipelines.store.catalogue import TABLES

OUT: Final = PROJECT / "docs" / "reference"
MADE: Final = "<!-- Made by docs/make_reference.py (make docs); don't edit. -->"


def pages() -> dict[str, str]:
    """Return every page of the reference by its file name."""
    return {
        "commands.md": commands(),
        "settings.md": settings(),
        "columns.md": columns(),
        "store.md": store(),
        "detectors.md": all_detectors(),
        "zones.md": zones(),
        "formats.md": formats(),
    }


def commands() -> str:
    """Return the commands with their options and examples, as `--help` gives them."""
    out = [_head("Commands", "Everything that `selat` takes, from its own `--help`.")]
    for path, command in _walk((), typer.main.get_command(app)):
        text = re.sub(r"\n{3,}", "\n\n", inspect.cleandoc(command.help or ""))
        about, _, examples = text.partition("For example:")
        lines = [line.strip() for line in examples.splitlines() if line.strip()]
        out.append(f"## selat {' '.join(path)}\n\n{about.strip()}\n")
        if lines:
            out.append("```\n" + "\n".join(lines) + "\n```\n")
        rows = [
            (_names(one), _cell(getattr(one, "help", "") or ""))
            for one in command.params
            if not getattr(one, "hidden", False) and one.name != "help"
        ]
        if rows:
            out.append(_table(("option", "meaning"), rows))
    return "\n".join(out)


def _walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command that does something, with the words that name it."""
    below: Mapping[str, Any] = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name in sorted(below):
        if not below[name].hidden:
            yield from _walk((*path, name), below[name])


def _names(parameter: Any) -> str:
    if isinstance(parameter, click.Argument) or parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def settings() -> str:
    """Return config/settings.yaml as a table: name, default, meaning from its comments."""
    path = PROJECT / "config" / "settings.yaml"
    out = [
        _head(
            "Settings",
            "`config/settings.yaml`; each can be set in the environment too: `SELAT_<NAME>`, "
            "nested names joined by two underscores.",
        )
    ]
    defaults, rows, section, above = yaml.safe_load(path.read_text("utf-8")), [], "", list[str]()
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            above.append(line.lstrip("# "))
            continue
        if not line.strip():
            above = []
            continue
        found = re.match(r"(\s*)([\w]+):\s*(?:.*?)(?:\s+#\s*(.*))?$", line)
        if found is None:
            continue
        indent, name, said = found.groups()
        if not indent and isinstance(defaults.get(name), dict) and defaults[name]:
            section = name
            continue
        section = section if indent else ""
        value = defaults[section][name] if section else defaults[name]
        full = f"{section}.{name}" if section else name
        rows.append((f"`{full}`", f"`{value!r}`", _cell(said or " ".join(above))))
        above = []
    out.append(_table(("setting", "default", "meaning"), rows))
    ends = ", ".join(f"`{word}`" for word in ENDINGS)
    out.append(
        "## What to do next\n\nEvery incident says what to do next, by the kind (or kind and "
        f"subkind) of its leading event, and by how that stands: {ends}. Name under "
        "`assess.next_steps` what your watch does instead; what you don't name stays. A key with "
        "`over` holds for `again`, `unheard`, `in port`, `turned back` and `both ways` too where "
        "these have none, one without any for all. `selat doctor` names keys that nothing is "
        "called by.\n"
    )
    steps = [(key, _cell(text)) for key, text in NEXT_STEPS.items()]
    out.append(_table(("key", "what it says else"), steps))
    return "\n".join(out)


def columns() -> str:
    """Return the columns of what a run writes and of the frames between rooms."""
    out = [
        _head(
            "Columns",
            "Read CSV files with `pandas.read_csv(path, dtype=str)`: an MMSI is a text of nine "
            "digits.",
        )
    ]
    tables = {
        "flagged.csv": (FLAGGED, "One row per flagged vessel, in rank order."),
        "parts.csv": (PARTS, "What each flagged vessel's score is made of."),
        "events.csv, events.parquet": (
            WRITTEN,
            "One row per event; beside these `status`. A run's events.csv leaves out context "
            "(score below 0.1), events.parquet has all.",
        ),
        "beside each row of a pack": (MARKS, "What every table of a pack has too."),
        "position reports": (frames.POSITIONS, "As ingested: one row per received report."),
        "static reports": (frames.STATICS, "What vessels said of themselves, as ingested."),
        "sightings": (frames.SIGHTINGS, "What others saw."),
    }
    for title, (schema, text) in tables.items():
        out.append(f"## {title}\n\n{text}\n\n{_columns(schema)}")
    return "\n".join(out)


def store() -> str:
    """Return the tables of the store's catalogue."""
    out = [_head("Store", "The tables of the catalogue; [SQL](../guides/sql.md) says how to ask.")]
    for name, schema in TABLES.items():
        out.append(f"## {name}\n\n{_columns(schema)}")
    return "\n".join(out)


def all_detectors() -> str:
    """Return each detector that comes with the project: rule, source, parameters as configured."""
    out = [
        _head("Detectors", "Each rule, its source, and its parameters in `config/detectors.yaml`.")
    ]
    configured = read_yaml(PROJECT / "config" / "detectors.yaml")
    for detector in detectors.build({name: {} for name in detectors.names()}):
        kind = type(detector)
        if kind.local:
            continue
        out.append(f"## {kind.name}\n\nVersion {kind.version}. Source: {_cell(kind.source)}.\n")
        out.append(_plain(inspect.cleandoc(kind.__doc__ or "")) + "\n")
        rests_on = "; ".join(_opening(relation) for relation in detector.rests_on)
        out.append(f"Rests on: {rests_on}.\n")
        block = configured.get(kind.name) or {}
        rows, means = [], meanings(kind)
        for name, field in kind.model_fields.items():
            value = block.get(name, field.get_default(call_default_factory=True))
            rows.append((f"`{name}`", f"`{value}`", _cell(means.get(name, ""))))
        out.append(_table(("parameter", "configured", "meaning"), rows))
    return "\n".join(out)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what a model says of its fields: below each, or in it where its schema is shown."""
    found = {name: field.description or "" for name, field in model.model_fields.items()}
    for one in model.__mro__:
        if one is BaseModel or not issubclass(one, BaseModel) or not inspect.get_annotations(one):
            continue
        (made,) = ast.parse(dedent(inspect.getsource(one))).body
        for field, text in pairwise(made.body if isinstance(made, ast.ClassDef) else ()):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(said))),
                ):
                    found[name] = said
    return found


def _opening(relation: Relation) -> str:
    """Return what a relation says of itself, with its distances and times."""
    text = inspect.cleandoc(type(relation).__doc__ or "").partition(".")[0]
    limits = {k: v for k, v in vars(relation).items() if k in ("within_m", "within_s", "detectors")}
    told = ", ".join(f"`{name}` {_shown(value)}" for name, value in limits.items())
    return f"{text[0].lower()}{text[1:]}" + (f" ({told})" if told else "")


def _shown(value: float | tuple[str, ...]) -> str:
    """Return a number, or names, as in a sentence."""
    return ", ".join(value) if isinstance(value, tuple) else f"{value:.0f}"


def zones() -> str:
    """Return zone classes, confidences, rules, and what a zone file holds."""
    out = [_head("Zones", "GeoJSON files in `config/zones`; `selat doctor` checks them.")]
    out.append("## Classes\n\n" + "\n".join(f"- `{name}`" for name in ZONE_CLASSES) + "\n")
    out.append("## Confidence\n\n" + "\n".join(f"- `{name}`" for name in CONFIDENCES) + "\n")
    asked = [(f"`{name}`", ", ".join(f"`{v}`" for v in values)) for name, values in WORDS.items()]
    asked.append((f"`{MAX_SPEED}`", f"a speed up to {MAX_KN:g} kn"))
    out.append("## Rules\n\n" + _table(("a rule asks for", "one of"), asked))
    watched = "\n".join(f"- `{name}`" for name in WHEN)
    out.append(f"## What may be watched for\n\n{watched}\n")
    readme = (PROJECT / "config" / "zones" / "README.md").read_text("utf-8")
    out.append("## The files\n\n" + readme.split("\n", 1)[1].replace("\n#", "\n##").strip() + "\n")
    return "\n".join(out)


def formats() -> str:
    """Return the feed formats, and the reasons for which a report is rejected."""
    out = [_head("Formats", "What a feed may be; it is recognised by its content.")]
    out.append("\n".join(f"- {one.title}" for one in FORMATS) + "\n")
    out.append("## Why a report is rejected\n")
    out.append(_table(("reason", "meaning"), [(f"`{k}`", _cell(v)) for k, v in REASONS.items()]))
    return "\n".join(out)


def _columns(schema: Mapping[str, Column]) -> str:
    rows = [(f"`{k}`", c.dtype, c.unit or "–", _cell(c.meaning)) for k, c in schema.items()]
    return _table(("column", "type", "unit", "meaning"), rows)


def _head(title: str, text: str) -> str:
    return f"{MADE}\n\n# {title}\n\n{text}\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").rstrip(".")


def _plain(text: str) -> str:
    """Return a docstring's text as Markdown: headings of numpydoc become bold."""
    return re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE).strip()


def main() -> None:
    """Write the pages."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (OUT / name).write_text(text, encoding="utf-8")
        sys.stderr.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
