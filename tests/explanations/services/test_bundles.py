"""Bundles: their program reproduces the score of every format, and says by how much where it does not."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from apps.explanations.models import Artifact, Attribution, Trial
from apps.explanations.services import bundles, registering
from apps.predictions.models import Payload
from config.local.state import PROJECT_ROOT
from tests.explanations import bundled
from tests.explanations.factories import make_scored_model

pytestmark = pytest.mark.django_db
QUICK = ("xgboost", "lightgbm", "onnx, classes by name", "skops, forest")
KINDS = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in bundled.FILES]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_program_reproduces_what_the_library_gave(kind: str, tmp_path: Path) -> None:
    file = bundled.FILES[kind]()
    done = bundled.run(bundled.unpack(*bundled.stored(file), tmp_path))
    assert done.returncode == 0, done.stderr
    assert "reproduced: " in done.stdout
    assert ("together" in done.stdout) == bool(file.method)


@pytest.mark.slow
def test_a_changed_feature_ends_in_both_numbers(tmp_path: Path) -> None:
    artifact, prediction = bundled.make_case(make_scored_model())
    folder = bundled.unpack(artifact, prediction, tmp_path)
    bundled.change(folder, "age", 90)
    done = bundled.run(folder)
    assert done.returncode == 1
    found = re.search(r"AssertionError: computed (0\.\d{6}), stored (0\.\d{6})\n", done.stderr)
    assert found, done.stderr
    assert found[2] == f"{prediction.score:.6f}" != found[1]


def test_another_model_file_is_not_run(tmp_path: Path) -> None:
    folder = bundled.unpack(*bundled.make_case(make_scored_model()), tmp_path)
    (folder / "model.json").write_text("{}")
    done = bundled.run(folder)
    assert "AssertionError: model.json is not the registered file" in done.stderr


@pytest.mark.slow
def test_texts_of_users_stay_texts(tmp_path: Path) -> None:
    """Names of features and classes are data: none of them ends a literal, a comment or a format."""
    odd = '"""\'; {0} \\\n# %% \nraise SystemExit(7) #'
    file = bundled.FILES["xgboost"]()
    classes = {"classes": ["no", odd], "positive_class": odd, "class_labels": {}}
    features = [{"name": odd, "categories": {odd: 1.0}}, *bundled.NAMES[1:]]
    document = {"features": features, "output": {"classes": ["no", odd]}}
    renamed = bundled.File(**(vars(file) | {"document": document, "model": classes, "predicted": odd}))
    artifact, prediction = bundled.stored(renamed, names=[odd, *bundled.NAMES[1:]])
    folder = bundled.unpack(artifact, prediction, tmp_path)
    tree = ast.parse((folder / "debug.py").read_text())
    assert not any(isinstance(node, ast.Raise) for node in ast.walk(tree))
    assert "SystemExit" not in bundled.run(folder).stderr.splitlines()[-1]


def header(script: str) -> dict:
    """Read the inline metadata as PEP 723 has it."""
    lines = script.split("# ///")[1].removeprefix(" script\n").splitlines()
    return tomllib.loads("\n".join(line[2:] for line in lines))


def test_the_packages_are_those_installed_here_with_hashes_and_no_index(tmp_path: Path) -> None:
    folder = bundled.unpack(*bundled.make_case(make_scored_model()), tmp_path)
    found = header((folder / "debug.py").read_text())
    needed = [Requirement(each) for each in found["dependencies"]]
    here = [each for each in needed if each.marker is None or each.marker.evaluate()]
    assert {each.name for each in here} == {"numpy", "scipy", "xgboost-cpu"}
    assert all(str(each.specifier) == f"=={importlib.metadata.version(each.name)}" for each in here)
    hashes = found["tool"]["countersign"]["hashes"]
    listed = re.sub(r" \\\n", "", (folder / "requirements.txt").read_text()).splitlines()[1:]
    assert [line.split("    --hash=")[0] for line in listed] == found["dependencies"]
    assert [line.split("    --hash=")[1:] for line in listed] == list(hashes.values())
    for path in folder.iterdir():
        assert path.name == "model.json" or "://" not in path.read_text()


def test_the_notebook_has_the_same_cells(tmp_path: Path) -> None:
    folder = bundled.unpack(*bundled.make_case(make_scored_model()), tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "case.json", "debug.py", "debug.ipynb", "requirements.txt", "model.json",
    }  # fmt: skip
    cells = json.loads((folder / "debug.ipynb").read_text())["cells"]
    script = (folder / "debug.py").read_text()
    assert "".join(cells[0]["source"]) == script[: script.index('"""')].rstrip()
    for cell in cells[1:]:
        assert "".join(cell["source"]).removeprefix("# ") in script


def test_contributions_are_those_stored_then_those_answered_then_those_sent(tmp_path: Path) -> None:
    artifact, prediction = bundled.make_case(make_scored_model())
    sent = Payload.objects.get(prediction_id=prediction.pk)

    def contributions() -> dict | None:
        return json.loads(bundles._texts(artifact, prediction, sent)["case.json"])["contributions"]

    assert contributions() is None
    sent.attributions, sent.attribution_base = {"age": 0.5}, 0.1
    assert contributions() == {"method": "sent", "space": None, "base": 0.1, "values": {"age": 0.5}}
    trial = {"artifact": artifact, "prediction": prediction, "kind": "open", "finished_at": prediction.received_at}
    Trial.objects.create(answer={"contributions": None, "base": None}, **trial)
    assert contributions()["method"] == "sent"
    Trial.objects.create(answer={"contributions": {"age": 0.6}, "base": 0.2}, **trial)
    Trial.objects.create(answer={"code": "not_kept"}, **trial)
    assert contributions() == {"method": "tree", "space": "margin", "base": 0.2, "values": {"age": 0.6}}
    computed = {"method": "tree", "space": "margin", "values": {"age": 0.7}, "base": 0.3}
    Attribution.objects.create(prediction=prediction, model=artifact.model, artifact=artifact, **computed)
    assert contributions() == computed


def test_the_case_names_the_release_that_wrote_it(tmp_path: Path) -> None:
    folder = bundled.unpack(*bundled.make_case(make_scored_model()), tmp_path)
    case = json.loads((folder / "case.json").read_text())
    assert case["countersign"] == tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_a_large_file_passes_in_small_pieces() -> None:
    artifact, prediction = bundled.make_case(make_scored_model())
    content = BytesIO(os.urandom(8 * 1024 * 1024))
    large = registering.register(artifact.model, "v1", content, name="m.txt", document={}, by=None).artifact
    sent = Payload.objects.get(prediction_id=prediction.pk)
    sizes = [len(piece) for piece in bundles.write(Artifact.objects.get(pk=large.pk), prediction, sent)]
    assert sum(sizes) > 8 * 1024 * 1024
    assert max(sizes) < 1.1 * 1024 * 1024


@pytest.mark.slow
def test_uv_runs_the_program_in_an_empty_folder(tmp_path: Path) -> None:
    """As `run.sh` finds it, uv is on the path or in the project."""
    uv = shutil.which("uv") or str(PROJECT_ROOT / ".uv" / "bin" / "uv")
    folder = bundled.unpack(*bundled.make_case(make_scored_model()), tmp_path)
    alone = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        [uv, "run", "debug.py"], cwd=folder, env=alone, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "reproduced: " in done.stdout
