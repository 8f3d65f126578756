"""Months of days, looked at on an engine: in this process, or over workers and machines.

Three stages, all by tasks, which leave Parquet in a work folder that all workers share:

1. Per date: `days.work_out`, one date after the other, since each rests on what the one before
   ended with (`dates`).
2. Per window: `window.look`, the same as for a night, as soon as its dates stand (`looks`).
3. Per window, in order: events are compared, assessed and explained (`run.spread_days`).

The driver alone writes to the store: it enters what the first and third leave, and shows each task
the store as it is then (`work.Generations`).

A task reads the store as it was shown and what earlier tasks left in the work folder, and leaves
one folder named by the hash of all that it rests on. It can be run twice, by two workers, or again
after a crash: what is there isn't made again. The engine only decides where and when tasks run, so
that the result is the same without one.
"""
