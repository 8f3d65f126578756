"""Backup and restore of an installation: incremental, verified, while a nightly run is going on."""

from pipelines.backup.make import Made, backup
from pipelines.backup.repository import BackupError, Repository, Snapshot
from pipelines.backup.restore import restore

__all__ = ["BackupError", "Made", "Repository", "Snapshot", "backup", "restore"]
