"""Flows: the only room that imports Prefect.

The nightly run, learning, back-fill and the service, each a list of steps over plain functions of
`run`; and the processes that a service is made of. It imports all rooms but `cli`.
"""
