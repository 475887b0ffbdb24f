import pytest

from apps.retraining.engine import learners


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boost for few rounds: what candidates learn here takes no more."""
    monkeypatch.setattr(learners, "ROUNDS", 8)
    monkeypatch.setattr(learners, "RATE", 0.5)
