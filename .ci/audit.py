"""Ask for known weaknesses of what lock files hold; what can't be asked about is no pass.

audit.py LOCK... runs pip-audit (pinned in requirements-audit.lock) on each, and ends with 1 where a
package has a known weakness or wasn't looked at, whatever the reason: not known to the service, not
reached, left out by pip-audit for this platform.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PIP_AUDIT = (
    sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json",
    "--progress-spinner", "off", "-r",
)  # fmt: skip


def pinned(lock: str) -> set[str]:
    """Return the packages that a lock pins, as name==version, names normalised as by PEP 503."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    return {f"{_normal(name)}=={version}" for name, version in pins}


def judge(lock: str, reply: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the known weaknesses of what a lock pins, and the packages that weren't audited."""
    weak, seen = [], set()
    for found in reply["dependencies"]:
        if "skip_reason" in found:
            continue
        pin = f"{_normal(found['name'])}=={found['version']}"
        seen.add(pin)
        for one in found["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "nothing yet"
            weak.append(f"{pin}: {one['id']}, mended in {mended}")
    return sorted(weak), sorted(pinned(lock) - seen)


def audit(path: Path, command: tuple[str, ...] = PIP_AUDIT) -> list[str]:
    """Return what is wrong with one lock, a line each; none where all was looked at."""
    lock = path.read_text()
    ran = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    try:
        weak, unaudited = judge(lock, json.loads(ran.stdout))
    except (ValueError, KeyError, TypeError):
        why = (ran.stderr.strip() or "pip-audit said nothing").splitlines()[-1]
        return [f"nothing was audited (exit {ran.returncode}): {why}"]
    problems = [f"weak: {line}" for line in weak]
    if unaudited:
        known = len(pinned(lock))
        problems.append(
            f"{len(unaudited)} of {known} packages were not audited: {', '.join(unaudited)}"
        )
    if not problems and (ran.returncode or not pinned(lock)):
        problems.append(f"pip-audit ended with {ran.returncode}: {ran.stderr.strip()[-200:]}")
    return problems


def main(paths: list[str]) -> int:
    """Audit each lock, say what was found, and return the exit status."""
    failed = not paths
    for name in paths:
        problems = audit(Path(name))
        failed |= bool(problems)
        said = problems or [f"all {len(pinned(Path(name).read_text()))} audited, none known weak"]
        sys.stdout.writelines(f"{name}: {line}\n" for line in said)
    return int(failed)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
