"""Patrol: what to do about flags.

Predicted positions, ways over water, intercepts, risk sectors, and who goes where. It imports
`assess` and what stands below, and gives a `Plan` of frames; files are made by `publish`.
"""
