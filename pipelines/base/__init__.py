"""Base: what every room stands on.

Settings and secrets, the columns of shared tables, marks, labels, schedule, files, snapshots, text
that may reach a terminal. It imports `detectors` alone, and gives no behaviour of the pipeline.
"""
