"""Reference layers of any waters, made from files that users can get."""

from pipelines.reference.make.folder import Made, make

__all__ = ["Made", "make"]
