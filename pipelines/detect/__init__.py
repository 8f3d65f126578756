"""Detect: tracks, coverage and detectors over a window, and events against the store.

`days` works out each date, `window` looks at a window, `compare` says what was created, changed or
retracted, `spread` has an engine look at many windows, inline or on Dask, `parts` looks at some
vessels at a time, `memory` says at how many, `nearness` who was near these, `heard` what was heard
of each, `context` what else is known. It imports `store` and what stands below, and gives a
`Detection`.
"""
