"""The clip: six seconds of what happened, read by a reader of pictures."""

from pathlib import Path

import pytest
from PIL import Image

from detectors.core.errors import SelatError
from pipelines.publish import clip
from pipelines.publish.products import Products


@pytest.mark.parametrize("ending", ["webp", pytest.param("gif", marks=pytest.mark.prove)])
def test_a_clip_lasts_six_seconds_and_moves(
    coastless: Products, tmp_path: Path, ending: str
) -> None:
    tracks = coastless.tracks[coastless.tracks["mmsi"] == coastless.flagged["mmsi"].iloc[0]]
    names = {int(tracks["mmsi"].iloc[0]): "<b>EVIL\u202e</b> \u8239"}
    path = tmp_path / f"clip.{ending}"
    written = clip.write(tracks, names, coastless.zones, "A\nB" * 500, path, simulated=True)
    assert [one.name for one in tmp_path.iterdir()] == [written.name]
    with Image.open(written) as picture:
        assert picture.size == clip.SIZE
        lasted, shown = 0, set()
        for n in range(getattr(picture, "n_frames", 1)):
            picture.seek(n)
            shown.add(picture.convert("RGB").tobytes())
            lasted += picture.info["duration"]
    assert lasted == clip.FRAMES * clip.FRAME_MS == 6000
    assert len(shown) > 20


def test_what_is_no_clip_is_refused(coastless: Products, tmp_path: Path) -> None:
    none = coastless.tracks.iloc[:0]
    for tracks, name in ((coastless.tracks, "clip.exe"), (none, "clip.gif")):
        with pytest.raises(SelatError):
            clip.write(tracks, {}, coastless.zones, "A", tmp_path / name, simulated=False)
    assert not list(tmp_path.iterdir())


def test_no_name_is_wider_than_what_it_stands_beside(
    coastless: Products, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of nothing that can be drawn had eight signs for each of its own, across the mark."""
    tracks = coastless.tracks[coastless.tracks["mmsi"] == coastless.flagged["mmsi"].iloc[0]]
    mmsi, seen = int(tracks["mmsi"].iloc[0]), set[str]()
    monkeypatch.setattr(clip, "_name", lambda draw, way, *_: seen.add(way.name))
    monkeypatch.setattr(clip, "FRAMES", clip.TAIL_FRAMES + 1)
    for name in ("\u0e40" * 20, "\u202e" * 20, "W" * 10_000):
        clip.write(tracks, {mmsi: name}, coastless.zones, "A", tmp_path / "c.gif", simulated=False)
    assert {len(one) for one in seen} == {30}
