"""SQL, one statement a file, with $named parameters."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the SQL statement in `<name>.sql`."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
