from django.test import Client


def test_a_process_is_alive_whatever_else_is_down():
    assert Client().get("/healthz").json() == {"status": "alive"}
