"""Months of days worked out in parts that an engine spreads over processes or machines.

Three stages with Parquet between them in a work folder that all workers share:

1. Per date and part of the vessels (a range of MMSIs): reports to tracks, one date after the other,
   since the hulls that are open at midnight are carried over (`tasks.segment`). Then per date the
   coverage, which rests on all vessels of that date (`tasks.learn_coverage`).
2. Per window, either detectors whose events rest on a single vessel per part of the vessels, and
   all others on all vessels of the window and its look-back (`tasks.look`); or, in tiles:
   per part what its vessels give by themselves, and where they were (`tasks.look_apart`); per
   tile, with a halo around it, who was whose company (`tasks.find_company`); per group of vessels
   with all their company, their events (`tasks.look_in_company`); then what rests on those events,
   on the vessels in them. See `Detector.rests_on`.
3. Per window, in order, by the driver, which alone writes to the store: stories that a window cuts
   short are followed back, then events are compared, assessed, explained and recorded.

A task reads the published store and what earlier tasks left in the work folder, and leaves one
folder named by the hash of all that it rests on. It can be run twice, by two workers, or again
after a crash: what is there isn't made again. The engine only decides where and when tasks run, so
that the result is the same without one.
"""
