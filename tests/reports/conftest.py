"""Pictures take seconds; tests of figures do without them."""

import pytest


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.reports.charts.render_charts", lambda kind, document: {})
