"""No log holds a secret: each logger of the product, and the addresses and keys in every form they take."""

import io
import logging

import pytest
import structlog
from gunicorn.config import Config

from config import logs
from config.gunicorn_logger import MaskingLogger
from config.local.output import Output
from config.masking import masked

TOKEN = "wJalrXUtnFEMI-K7MDENG_bPxRfiCYEXAMPLEKEY0123"
ADDRESS = f"/enter/{TOKEN}/"


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        (f"GET /enter/{TOKEN}/ HTTP/1.1", "GET /enter/***/ HTTP/1.1"),
        (f"http://x.org/setup/{TOKEN}/?next=/p/", "http://x.org/setup/***/?next=/p/"),
        (f"POST /invitation/{TOKEN}", "POST /invitation/***"),
        (f"/accounts/login/?next=/invitation/{TOKEN}/", "/accounts/login/?next=/invitation/***/"),
        (f"next=%2Fenter%2F{TOKEN}%2F&a=1", "next=%2Fenter%2F***&a=1"),
        (f"next=%252fenter%252f{TOKEN}", "next=%252fenter%252f***"),
        (f"/accounts/password/reset/key/1f-{TOKEN}/", "/accounts/password/reset/key/***/"),
        (f"Authorization: Bearer cs_{TOKEN}", "Authorization: Bearer cs_***"),
        ("{'path': '/enter/abc'}", "{'path': '/enter/***'}"),
        ("/p/office/setup and docs_of_a_model", "/p/office/setup and docs_of_a_model"),
    ],
)
def test_secret_is_masked_and_the_rest_stays(text: str, logged: str) -> None:
    assert masked(text) == logged


def line_of(log: logging.Logger, act) -> str:
    """Return what the logger writes through the handlers' formatter of the settings."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter())
    log.addHandler(handler)
    try:
        act()
    finally:
        log.removeHandler(handler)
    return out.getvalue()


def check(line: str) -> None:
    assert "***" in line
    assert TOKEN not in line


@pytest.mark.parametrize("name", ["django.request", "django.security.csrf", "celery.app.trace", "gunicorn.error"])
def test_line_with_arguments_is_masked(name: str) -> None:
    log = logging.getLogger(name)
    check(line_of(log, lambda: log.error("Failed: %s", ADDRESS, extra={"request": None})))


def test_traceback_is_masked() -> None:
    log = logging.getLogger("django.request")

    def fail() -> None:
        try:
            raise ValueError(f"key cs_{TOKEN} at {ADDRESS}")
        except ValueError:
            log.exception("Internal Server Error")

    line = line_of(log, fail)
    assert "Traceback" in line
    check(line)


def test_structured_line_is_masked() -> None:
    log = logging.getLogger("countersign.test")
    check(line_of(log, lambda: structlog.get_logger("countersign.test").error("refused", path=ADDRESS)))


def test_every_handler_of_the_settings_masks() -> None:
    from django.conf import settings

    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"plain"}
    assert settings.LOGGING["formatters"]["plain"]["()"] is logs.formatter


def test_lines_of_gunicorn_are_masked(tmp_path) -> None:
    config = Config()
    config.set("errorlog", str(tmp_path / "errors"))
    config.set("accesslog", str(tmp_path / "access"))
    log = MaskingLogger(config)
    log.error("Error handling request %s", ADDRESS)
    log.access_log.info("%(r)s %(f)s", {"r": f"GET {ADDRESS}", "f": f"http://x.org{ADDRESS}"})
    for name in ("errors", "access"):
        check((tmp_path / name).read_text())
    for handler in (*log.error_log.handlers, *log.access_log.handlers):
        handler.close()


def test_supervisor_prints_the_first_link_and_logs_it_masked(tmp_path, capsys) -> None:
    output = Output("setup", folder=tmp_path, is_quiet=False)
    output.write(f"Create the first owner here, once: http://x.org/setup/{TOKEN}/")
    assert TOKEN in capsys.readouterr().out
    check((tmp_path / "setup.log").read_text())
