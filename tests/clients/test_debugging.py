"""The command `countersign debug`, with a scripted server and with the real one."""

import io
import json
import re
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from apps.predictions.models import CaseView
from countersign import command, debugging
from countersign.debugging import BadBundleError, BadLinkError, FolderExistsError, fetch, read_link
from tests.explanations import bundled
from tests.explanations.factories import make_scored_model
from tests.factories import make_key, make_member, make_project

LINK = "https://server.test/p/lab/models/employment/cases/7/"
JUPYTER = (*command.WITH, "--python", "3.11", "jupyter", "lab", "debug.ipynb")
MODEL = b'{"learner": {}}'


def archive(files: dict[str, bytes] | None = None, *, case_id: str = "case-7", digest: str | None = None) -> bytes:
    case = {"id": case_id, "artifact": {"file": "model.json", "sha256": digest or sha256(MODEL).hexdigest()}}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in {
            "case.json": json.dumps(case),
            "debug.py": "print(1)",
            "model.json": MODEL,
            **(files or {}),
        }.items():
            made.writestr(name, text)
    return content.getvalue()


def serving(content: bytes, seen: list[httpx.Request] | None = None) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(200, content=content)

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("link", "server", "path"),
    [
        (LINK, "https://server.test", "models/employment/cases/7/bundle"),
        (LINK + "debug/?trials=1#top", "https://server.test", "models/employment/cases/7/bundle"),
        (LINK + "bundle/", "https://server.test", "models/employment/cases/7/bundle"),
        ("http://h:8000/desk/p/a/models/b/cases/1", "http://h:8000/desk", "models/b/cases/1/bundle"),
        ("http://h/api/v1/models/b/predictions/a%20b/c", "http://h", "models/b/predictions/a%20b/c/bundle"),
        ("http://h/x/api/v1/models/b/predictions/a/bundle", "http://h/x", "models/b/predictions/a/bundle"),
        ("http://h/api/v1/models/b/cases/9/bundle", "http://h", "models/b/cases/9/bundle"),
    ],
)
def test_a_link_names_the_server_and_the_case(link: str, server: str, path: str) -> None:
    assert read_link(link) == debugging.Link(server, path)


@pytest.mark.parametrize(
    "link", ["case-7", "ftp://h/p/a/models/b/cases/1/", "https://h/p/a/models/b/", "https://h/p/a/models/b/cases/x/"]
)
def test_other_addresses_are_no_link(link: str) -> None:
    with pytest.raises(BadLinkError, match="is not the address of a case"):
        read_link(link)


def test_the_key_goes_along_and_the_bundle_is_unpacked(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []
    folder = fetch(LINK, "cs_key", into=tmp_path, transport=serving(archive(), seen))
    assert folder == tmp_path / "countersign-case-7"
    assert {path.name for path in folder.iterdir()} == {"case.json", "debug.py", "model.json"}
    assert (folder / "model.json").read_bytes() == MODEL
    assert seen[0].url == "https://server.test/api/v1/models/employment/cases/7/bundle"
    assert seen[0].headers["Authorization"] == "Bearer cs_key"


def test_an_id_is_never_a_path(tmp_path: Path) -> None:
    folder = fetch(LINK, "k", into=tmp_path, transport=serving(archive(case_id="../../ü/..\\x")))
    assert folder == tmp_path / "countersign-x"
    assert fetch(LINK, "k", into=tmp_path, transport=serving(archive(case_id="…"))).name == "countersign-case"


@pytest.mark.parametrize("name", ["../out", "/out", "a/b", "a\\b", "C:out", "..", ".bashrc", "a/", "-x"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadBundleError, match="no plain file name"):
        fetch(LINK, "k", into=tmp_path, transport=serving(archive({name: b"x"})))
    assert list(tmp_path.iterdir()) == []


def test_another_model_file_than_the_registered_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadBundleError, match="is not the model file that was registered"):
        fetch(LINK, "k", into=tmp_path, transport=serving(archive(digest="0" * 64)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"<html>", archive()[:-30]])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadBundleError, match="no debug bundle"):
        fetch(LINK, "k", into=tmp_path, transport=serving(content))


def test_a_folder_is_overwritten_only_when_asked(tmp_path: Path) -> None:
    transport = serving(archive())
    folder = fetch(LINK, "k", into=tmp_path, transport=transport)
    (folder / "debug.py").write_text("mine")
    with pytest.raises(FolderExistsError, match="--force"):
        fetch(LINK, "k", into=tmp_path, transport=transport)
    assert (folder / "debug.py").read_text() == "mine"
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (folder / "debug.py").unlink()
    (folder / "debug.py").symlink_to(outside)
    fetch(LINK, "k", into=tmp_path, overwrites=True, transport=transport)
    assert (folder / "debug.py").read_text() == "print(1)"
    assert outside.read_text() == "kept"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[tuple[str, ...], Path]]:
    """What the command starts, instead of starting it."""
    calls: list[tuple[tuple[str, ...], Path]] = []

    def run(what: tuple[str, ...], *, cwd: Path, check: bool) -> subprocess.CompletedProcess:
        calls.append((tuple(what), cwd))
        return subprocess.CompletedProcess(what, 3)

    folder = tmp_path / "countersign-case-7"
    folder.mkdir()
    (folder / "case.json").write_text('{"python": "3.11"}')
    monkeypatch.setattr(command.subprocess, "run", run)
    monkeypatch.setattr(command, "fetch", lambda link, key, *, into, overwrites: folder)
    monkeypatch.setenv("COUNTERSIGN_KEY", "cs_key")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "vim -R")
    return calls


@pytest.mark.parametrize(
    ("options", "begins"),
    [([], ("vim", "-R", "debug.py")), (["--run"], ("uv", "run", "debug.py")), (["--jupyter"], JUPYTER)],
)
def test_the_bundle_is_opened_as_asked(started, tmp_path: Path, options: list[str], begins: tuple[str, ...]) -> None:
    assert command.main(["debug", LINK, *options]) == 3
    ((what, folder),) = started
    assert what[: len(begins)] == begins
    assert folder == tmp_path / "countersign-case-7"


def test_without_an_editor_the_folder_is_only_named(started, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("EDITOR")
    monkeypatch.setattr(command.shutil, "which", lambda name: None)
    assert command.main(["debug", LINK]) == 0
    assert command.main(["debug", LINK, "--no-open"]) == 0
    assert started == []
    assert capsys.readouterr().out.count("countersign-case-7/debug.py") == 2


def test_a_key_is_needed(started, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("COUNTERSIGN_KEY")
    assert command.main(["debug", LINK]) == 2
    assert "--key" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_the_real_server_gives_the_bundle(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    model = make_scored_model(make_project("lab"), "employment")
    artifact, prediction = bundled.make_case(model)
    person = make_member(model.project, "engineer").user
    key = make_key(model.project, acts_for=person)[1]
    monkeypatch.chdir(tmp_path)
    link = f"{live_server.url}/p/lab/models/employment/cases/{prediction.pk}/"
    assert command.main(["debug", link, "--key", key, "--no-open"]) == 0
    assert capsys.readouterr().out == "countersign-case-1/debug.py\n"
    folder = tmp_path / "countersign-case-1"
    assert sha256((folder / "model.json").read_bytes()).digest() == bytes(artifact.sha256)
    assert CaseView.objects.filter(user=person, prediction=prediction).exists()
    by_id = f"{live_server.url}/api/v1/models/employment/predictions/case-1"
    assert command.main(["debug", by_id, "--key", key, "--no-open"]) == 1
    assert re.search(r"countersign-case-1 is there already", capsys.readouterr().err)
    assert command.main(["debug", by_id, "--key", key, "--no-open", "--force"]) == 0
    assert command.main(["debug", link, "--key", "cs_wrong", "--no-open"]) == 1
