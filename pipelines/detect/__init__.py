"""Detect: tracks, coverage and detectors over a window, and events against the store.

`days` works out each date, `window` looks at a window, `compare` says what was created, changed or
retracted, `spread` cuts long spans into parts that an engine runs inline or on Dask. It imports
`store` and what stands below, and gives a `Detection`.
"""
