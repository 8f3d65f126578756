"""Run: the application without its orchestrator.

Ingest what is new, choose the window, detect, assess, publish, record; look again (`redetect`,
`backtest`), fill in the past, release to a recipient. It imports all rooms below, knows neither
Prefect nor the command line, and gives plain functions that `flows` and `cli` call.
"""
