"""Pictures take seconds; tests of figures do without them."""

import pytest


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.reports.pages.charts.render_charts", lambda kind, document: {})
