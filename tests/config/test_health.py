"""The probes are answered whatever name they call, and whatever state the database is in."""

import pytest
from django.test import Client


@pytest.mark.parametrize("host", ["testserver", "10.42.8.201:8000", "elsewhere.example"])
def test_the_health_check_asks_nobody(host):
    client = Client(headers={"host": host})
    client.cookies["sessionid"] = "x" * 32
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_readiness_is_told_to_any_host_name():
    assert Client(headers={"host": "10.42.8.201:8000"}).get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_only_read(path):
    assert Client().post(path).status_code == 405
