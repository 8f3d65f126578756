"""Months of days, looked at on an engine: in this process, or over workers and machines.

Three stages; the second leaves Parquet in a work folder that all workers share:

1. Per date: `days.refresh`, by the driver, one date after the other, since each rests on what the
   one before ended with. What is worked out stays in the store.
2. Per window: `window.look`, the same as for a night (`looks`).
3. Per window, in order, by the driver, which alone writes to the store: events are compared,
   assessed, explained and recorded.

A task reads the published store and what earlier tasks left in the work folder, and leaves one
folder named by the hash of all that it rests on. It can be run twice, by two workers, or again
after a crash: what is there isn't made again. The engine only decides where and when tasks run, so
that the result is the same without one.
"""
