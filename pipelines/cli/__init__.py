"""The command `selat`: a file per group of commands.

Each parses its options, calls `run`, `ask` or `flows`, and shows the answer as a table, JSON or
CSV. It imports every room; it is the only one that imports typer, and gives nothing to others.
"""
