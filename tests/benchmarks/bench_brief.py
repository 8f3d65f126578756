"""The brief of a big night: its size, and how long it takes to make, to open and to play.

Opened in headless Chromium without a graphics card, as it is and four times slower
(Emulation.setCPUThrottlingRate), which is about a cheap laptop of some years ago.
"""

import importlib.util
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.publish import brief, pdf
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import vessel_cards
from pipelines.publish.maps.canvas import data_of

VESSELS, REPORTS = 100, 500
ROUNDS = 5
OPENED = (
    "(() => { const n = performance.getEntriesByType('navigation')[0];"
    "const p = performance.getEntriesByName('first-contentful-paint')[0];"
    "return [p.startTime / 1000, n.loadEventEnd / 1000]; })()"
)
PLAYED = """new Promise((done) => {
  const times = [];
  document.querySelector('#speed').selectedIndex = 4;
  document.querySelector('#play').click();
  const tick = (now) => {
    times.push(now);
    if (times.length < 60) { requestAnimationFrame(tick); return; }
    document.querySelector('#whole').click();
    done((times[59] - times[0]) / 59);
  };
  requestAnimationFrame(tick);
})"""


def export_tests() -> ModuleType:
    """The night and the browser of the exporters' tests."""
    file = Path(__file__).resolve().parents[1] / "pipelines/publish/conftest.py"
    spec = importlib.util.spec_from_file_location("export_tests", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_tests"] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Measure and print."""
    tests = export_tests()
    products = tests.night(seed=5, n_vessels=VESSELS, n_points=REPORTS)
    start = time.perf_counter()
    text = brief.render(products)
    made_s = time.perf_counter() - start
    tracks = data_of(scene_of(products, vessel_cards(products)[: brief.VESSEL_LIMIT]))["tracks"]
    kept = sum(len(piece) // 3 for track in tracks for piece in track["pieces"])
    say(f"{VESSELS} vessels, {len(products.tracks):,} reports, of which {kept:,} are drawn")
    say(f"brief.html  {len(text.encode()) / 1e6:.2f} MB, made in {made_s:.1f} s")
    start = time.perf_counter()
    size = len(pdf.render(products))
    say(f"brief.pdf   {size / 1e6:.2f} MB, made in {time.perf_counter() - start:.1f} s")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        say("no Chromium here: opening is not measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "brief.html"
        file.write_text(text, encoding="utf-8")
        page = tests.Page(browser, Path(folder) / "profile")
        try:
            page.call("Performance.enable")
            for rate, name in ((1, "this machine"), (4, "four times slower")):
                page.call("Emulation.setCPUThrottlingRate", rate=rate)
                say(measured(page, file, name))
            say(f"requests while opened and played: {len(page.requests) - 1} beside the file")
        finally:
            page.close()


def measured(page: Any, file: Path, name: str) -> str:
    """One line of medians: opening by the clock and in processor time, a frame of playback."""
    rounds = []
    for _ in range(ROUNDS):
        page.open(file)
        opened_s = page.evaluate(OPENED)
        open_cpu_s, frames = thread_s(page), page.evaluate(PLAYED)
        rounds.append([*opened_s, open_cpu_s, frames, 1000 * (thread_s(page) - open_cpu_s) / 60])
    painted, loaded, cpu, frame, frame_cpu = (
        sorted(column)[ROUNDS // 2] for column in zip(*rounds, strict=True)
    )
    return (
        f"{name}: first paint {painted:.2f} s, whole {loaded:.2f} s (main thread busy {cpu:.2f} s);"
        f" a frame of playback {frame:.0f} ms (busy {frame_cpu:.0f} ms)"
    )


def thread_s(page: Any) -> float:
    """Processor time of the page's main thread since it was opened."""
    metrics = page.call("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
