"""Bundles: their program reproduces the score of every format, and says by how much where it does not."""

import pytest

from tests.explanations import bundled

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", bundled.FILES)
def test_the_program_reproduces_what_the_library_gave(kind: str, tmp_path) -> None:
    file = bundled.FILES[kind]()
    done = bundled.run(bundled.unpack(*bundled.stored(file), tmp_path))
    assert done.returncode == 0, done.stderr
    assert "reproduced: " in done.stdout
    assert ("together" in done.stdout) == bool(file.method)
