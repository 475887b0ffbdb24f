"""The command `countersign verify`, and the program behind it."""

import ast
import importlib.util
import io
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from scipy import stats

from countersign import command, verifying
from countersign.debugging import BadLinkError, Link
from countersign.errors import NotAllowedError
from countersign.verifying import download, read_report_link

PROGRAM = Path(__file__).parents[2] / "clients" / "verify" / "verify.py"
PAGE = "https://server.test/p/lab/reports/12/"


@pytest.fixture(scope="module")
def program() -> Any:
    spec = importlib.util.spec_from_file_location("verify", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_has_at_most_300_lines() -> None:
    assert len(PROGRAM.read_text("utf-8").splitlines()) <= 300


def test_it_imports_numpy_and_the_standard_library_alone() -> None:
    tree = ast.parse(PROGRAM.read_text("utf-8"))
    names = {each.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    names |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names - set(sys.stdlib_module_names) == {"numpy"}
    assert not names & {"importlib", "subprocess"}


def test_it_runs_where_the_product_is_not(tmp_path: Path) -> None:
    """Isolated, without the folders of this repository on the path, it gets as far as looking for its file."""
    run = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), "none.zip"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "FileNotFoundError" in run.stderr


@pytest.mark.parametrize("df", [5.0, 12.3, 150.0, 999.0, 1_001.0, 2e5])
@pytest.mark.parametrize("level", [0.95, 0.9994])
def test_its_quantiles_are_those_of_student(program: Any, level: float, df: float) -> None:
    """Against scipy; no figure rests on fewer than five degrees of freedom."""
    assert program.student(level, df) == pytest.approx(stats.t.ppf((1 + level) / 2, df), rel=1e-9)


def test_its_slopes_are_derivatives(program: Any) -> None:
    """Of x·y by both, at (3, 5)."""
    np = program.np
    assert program.slopes(lambda at: at[0] * at[1], np.array([3.0, 5.0])).tolist() == [5.0, 3.0]


def test_a_loss_that_no_label_can_change_is_sure(program: Any) -> None:
    assert program.interval(0.4, 0.0, 10.0, math.inf, 20, "share", (0.0, 1.0), None, 0.95) == (0.4, 0.4, 0.4)


@pytest.mark.parametrize(
    ("link", "server", "path"),
    [
        (PAGE, "https://server.test", "stored-reports/12/evidence"),
        (PAGE + "evidence/?x=1#top", "https://server.test", "stored-reports/12/evidence"),
        ("http://h:8000/desk/api/v1/reports/5", "http://h:8000/desk", "reports/5/evidence"),
        ("http://h/api/v1/stored-reports/7/evidence", "http://h", "stored-reports/7/evidence"),
    ],
)
def test_a_link_names_the_server_and_the_report(link: str, server: str, path: str) -> None:
    assert read_report_link(link) == Link(server, path)


@pytest.mark.parametrize("link", ["evidence.zip", "12", "https://h/p/lab/models/loans/", "ftp://h/p/lab/reports/1/"])
def test_other_addresses_are_no_report(link: str) -> None:
    with pytest.raises(BadLinkError, match="no address of a report"):
        read_report_link(link)


def test_a_download_waits_until_the_evidence_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAUSE", 0.0)
    answers = iter([httpx.Response(202, json={"status": "queued"}), httpx.Response(200, content=b"PK")])
    transport = httpx.MockTransport(lambda _: next(answers))
    assert download(PAGE, "key", into=tmp_path / "e.zip", transport=transport).read_bytes() == b"PK"


def test_a_download_ends_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAUSE", 0.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(202, json={"status": "running"}))
    with pytest.raises(TimeoutError, match=r"0\.01 seconds"):
        download(PAGE, "key", into=tmp_path / "e.zip", timeout=0.01, transport=transport)


def test_a_refusal_is_an_error(tmp_path: Path) -> None:
    refusal = httpx.Response(403, json={"code": "forbidden", "message": "No.", "details": {}})
    with pytest.raises(NotAllowedError):
        download(PAGE, "key", into=tmp_path / "e.zip", transport=httpx.MockTransport(lambda _: refusal))


def test_the_command_asks_for_a_key_or_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(command.KEY, raising=False)
    assert command.main(["verify", PAGE]) == 2
    assert "--key" in capsys.readouterr().err


def test_the_command_runs_the_program_on_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty archive is no evidence, so the program ends with an error of its own."""
    monkeypatch.delenv(command.KEY, raising=False)
    (tmp_path / "e.zip").write_bytes(io.BytesIO(b"PK\x05\x06" + bytes(18)).getvalue())
    assert command.main(["verify", str(tmp_path / "e.zip")]) == 1
