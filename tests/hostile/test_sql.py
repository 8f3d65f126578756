"""`selat sql` answers questions and does nothing else: it writes and reaches no other file."""

from pathlib import Path

import pytest

from pipelines.base.settings import StoreSettings
from pipelines.store import views

REFUSED = {
    "another statement": "COPY (SELECT 1) TO '{out}'",
    "a second one": "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "one that explains what it runs": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'",
    "another database": "ATTACH '{out}' AS other",
    "a setting": "SET enable_external_access = true",
    "an extension": "INSTALL httpfs",
    "a change": "DELETE FROM store.events",
    "a call": "CALL pragma_version()",
    "a file of text": "SELECT * FROM read_text('{secret}')",
    "a file of tables": "SELECT * FROM read_csv('{secret}')",
    "a file by its name": "SELECT * FROM '{secret}'",
    "a listing": "SELECT * FROM glob('{folder}/*')",
    "an unlocked view": "SELECT * FROM query('COPY (SELECT 1) TO ''{out}''')",
    "the files of the store by a glob": "SELECT * FROM read_parquet('{store}/**/*.parquet')",
    "nothing": "",
    "no SQL": "drop everything",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_nothing_but_a_question_is_answered(
    query: str, exercise_home: Path, tmp_path: Path
) -> None:
    out, secret = tmp_path / "out.csv", tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    before = {path: path.stat().st_mtime_ns for path in (exercise_home / "store").rglob("*")}
    asked = query.format(out=out, secret=secret, folder=tmp_path, store=exercise_home / "store")
    with pytest.raises(views.QueryError):
        views.ask(exercise_home / "store", StoreSettings(), asked)
    assert not out.exists()
    after = {path: path.stat().st_mtime_ns for path in (exercise_home / "store").rglob("*")}
    assert after == before
