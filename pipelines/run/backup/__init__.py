"""Backup and restore of an installation: incremental, verified, while a nightly run is going on."""

from pipelines.run.backup.make import Made, backup
from pipelines.run.backup.repository import BackupError, Repository, Snapshot
from pipelines.run.backup.restore import restore

__all__ = ["BackupError", "Made", "Repository", "Snapshot", "backup", "restore"]
