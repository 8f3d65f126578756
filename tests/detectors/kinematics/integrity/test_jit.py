"""Compiled verdicts are kept by what they are made from."""

from detectors.kinematics.integrity import jit


def test_every_module_of_kernels_is_among_their_sources() -> None:
    kernels = {
        path.name
        for path in jit.HERE.glob("*.py")
        if "from detectors.kinematics.integrity.jit import" in path.read_text()
    }
    assert len(kernels) > 5
    assert kernels <= set(jit.SOURCES)
