"""Model files of every format with the score of one row, as the library itself gives it in this process."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from apps.explanations.models import Artifact
from apps.explanations.services import bundles, registering
from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel
from tests.explanations.models import FEATURES, model_file, scores
from tests.factories import make_model, prediction_row, push_predictions

NAMES = ("age", "hours", "weight")
ROW = {"age": 41.0, "hours": 38.5, "weight": 0.25}
USUAL = [{"age": 20.0 + 4 * n, "hours": 60.0 - 3 * n, "weight": n / 15} for n in range(15)]
CELLS = np.array([list(ROW.values())])


@dataclass(frozen=True)
class File:
    """A file, and what it says of ROW: a score of "yes", or the largest probability and its class, or a number."""

    name: str
    content: bytes
    method: str
    space: str
    score: float
    predicted: Any = None
    document: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)


PLAIN = {"positive_class": "", "class_labels": {}}
THREE = PLAIN | {"task": "multiclass", "classes": ["no", "maybe", "yes"]}
NUMBER = PLAIN | {"task": "regression", "classes": [], "prediction_range": [-1, 2]}


def table(classes: int = 2) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.uniform(18, 80, 600), rng.uniform(0, 60, 600), rng.uniform(0, 1, 600)])
    value = (rows[:, 0] - 50) / 20 + (rows[:, 1] - 30) / 30 + rng.normal(0, 0.5, 600)
    return rows, np.digitize(value, [0.0] if classes == 2 else [-0.5, 0.5])


def xgboost_file(objective: str = "binary:logistic", **changes: Any) -> File:
    import xgboost

    is_three, is_number = objective.startswith("multi"), objective.startswith("reg")
    rows, labels = table(3 if is_three else 2)
    options = {"objective": objective, "max_depth": 3, "nthread": 1} | ({"num_class": 3} if is_three else {})
    booster = xgboost.train(options, xgboost.DMatrix(rows, labels), 12)
    found = booster.predict(xgboost.DMatrix(CELLS), output_margin=objective == "multi:softmax")[0]
    content = bytes(booster.save_raw("json"))
    if is_number:
        return File("m.json", content, "tree", "value", float(found), float(found), model=NUMBER)
    if is_three:
        shares = np.exp(found) / np.exp(found).sum() if objective == "multi:softmax" else found
        best = int(shares.argmax())
        return File("m.json", content, "tree", "margin", float(shares[best]), THREE["classes"][best], model=THREE)
    score = float(found) if objective == "binary:logistic" else float(1 / (1 + np.exp(-float(found))))
    return File("m.json", content, "tree", "margin", score, **changes)


def xgboost_calibrated() -> File:
    """Platt scaling after the model, from outputs whose order is turned around."""
    import xgboost

    rows, labels = table()
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(rows, labels), 12)
    margin = float(booster.predict(xgboost.DMatrix(CELLS), output_margin=True)[0])
    output = {"slope": 0.8, "intercept": 0.1, "classes": ["yes", "no"]}
    score = 1 / (1 + np.exp(-(-0.8 * margin + 0.1)))
    return File("m.json", bytes(booster.save_raw("json")), "tree", "margin", float(score), document={"output": output})


def xgboost_interventional() -> File:
    file = xgboost_file()
    document = {"method": "tree_interventional", "background": USUAL}
    return File(file.name, file.content, "tree_interventional", "probability", file.score, document=document)


def lightgbm_file(task: str = "binary") -> File:
    import lightgbm

    rows, labels = table(3 if task == "multiclass" else 2)
    options = {"objective": task, "num_class": 3 if task == "multiclass" else 1, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(rows, labels), 12)
    found = booster.predict(CELLS)[0]
    content = booster.model_to_string().encode()
    double = [{"name": name, "dtype": "float64"} for name in NAMES]
    if task == "multiclass":
        best, known = int(np.argmax(found)), THREE["classes"]
        return File("m.txt", content, "tree", "margin", float(found[best]), known[best], {"features": double}, THREE)
    if task == "regression":
        return File("m.txt", content, "tree", "value", float(found), float(found), {"features": double}, NUMBER)
    return File("m.txt", content, "tree", "margin", float(found), document={"features": double})


def sklearn_file(estimator: Any, method: str, space: str, *, classes: int = 2, is_named: bool = False) -> File:
    import pandas as pd
    import skops.io

    rows, labels = table(classes)
    known = ["no", "yes"] if classes == 2 else THREE["classes"]
    given, row = (pd.DataFrame(rows, columns=NAMES), pd.DataFrame([ROW])) if is_named else (rows, CELLS)
    estimator.fit(given, np.array(known)[labels])
    shares = dict(zip(estimator.classes_, estimator.predict_proba(row)[0], strict=True))
    predicted = max(shares, key=lambda name: shares[name])
    score = shares["yes"] if classes == 2 else shares[predicted]
    document = {
        "features": [{"name": name, "dtype": "float64"} for name in NAMES],
        "background": USUAL if method in ("linear", "permutation", "tree_interventional") else [],
        "method": method if method == "tree_interventional" else "",
    }
    named = str(predicted) if classes > 2 else None
    model = THREE if classes > 2 else {}
    return File("m.skops", skops.io.dumps(estimator), method, space, float(score), named, document, model)


def forest(method: str = "tree") -> File:
    from sklearn.ensemble import RandomForestClassifier

    estimator = RandomForestClassifier(12, max_depth=4, random_state=0)
    return sklearn_file(estimator, method, "probability", is_named=method == "tree")


def boosted(method: str, space: str) -> File:
    from sklearn.ensemble import GradientBoostingClassifier

    return sklearn_file(GradientBoostingClassifier(n_estimators=12, random_state=0), method, space)


def histogram_boosted() -> File:
    from sklearn.ensemble import HistGradientBoostingClassifier

    estimator = HistGradientBoostingClassifier(max_iter=12, random_state=0)
    return sklearn_file(estimator, "tree", "margin", classes=3)


def logistic(method: str, *, classes: int = 2) -> File:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if method == "linear":
        return sklearn_file(LogisticRegression(max_iter=5000), "linear", "margin")
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    return sklearn_file(estimator, "permutation", "probability", classes=classes)


def onnx_file(*, has_zipmap: bool) -> File:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows, labels = table()
    estimator = LogisticRegression(max_iter=5000).fit(rows, np.array(["no", "yes"])[labels])
    graph = to_onnx(estimator, rows[:1].astype(np.float32), options={"zipmap": has_zipmap})
    score = float(estimator.predict_proba(CELLS)[0, 1])
    content = graph.SerializeToString()
    return File("m.onnx", content, "permutation", "probability", score, document={"background": USUAL})


def unexplained() -> File:
    file = onnx_file(has_zipmap=False)
    return File(file.name, file.content, "", "", file.score)


FILES: dict[str, Callable[[], File]] = {
    "xgboost": xgboost_file,
    "xgboost, margins": lambda: xgboost_file("binary:logitraw"),
    "xgboost, three classes": lambda: xgboost_file("multi:softprob"),
    "xgboost, three labels": lambda: xgboost_file("multi:softmax"),
    "xgboost, a number": lambda: xgboost_file("reg:squarederror"),
    "xgboost, calibrated": xgboost_calibrated,
    "xgboost, against a background": xgboost_interventional,
    "lightgbm": lightgbm_file,
    "lightgbm, three classes": lambda: lightgbm_file("multiclass"),
    "lightgbm, a number": lambda: lightgbm_file("regression"),
    "onnx, classes by name": lambda: onnx_file(has_zipmap=True),
    "onnx, columns": lambda: onnx_file(has_zipmap=False),
    "onnx, not explained": unexplained,
    "skops, forest": forest,
    "skops, forest against a background": lambda: forest("tree_interventional"),
    "skops, boosted": lambda: boosted("tree", "margin"),
    "skops, boosted against a background": lambda: boosted("tree_interventional", "probability"),
    "skops, histograms and three classes": histogram_boosted,
    "skops, linear": lambda: logistic("linear"),
    "skops, pipeline": lambda: logistic("permutation"),
    "skops, pipeline of three classes": lambda: logistic("permutation", classes=3),
}


def stored(file: File, *, names: Sequence[str] = NAMES) -> tuple[Artifact, Prediction]:
    """Store a prediction as the file makes it, and the file as if it had passed its check."""
    declared = [{"name": name, "type": "number", "label": "Feature"} for name in names]
    model = make_model(features=declared, slices=[], **file.model)
    predicted = file.predicted if file.predicted is not None else "yes" if file.score >= 0.5 else "no"
    features = dict(zip(names, ROW.values(), strict=True))
    sent = {"features": features, "score": file.score, "prediction": predicted, "baseline": None, "amount": None}
    if file.model in (THREE, NUMBER):
        sent["score"] = None
    if file.model == THREE:
        rest = (1 - file.score) / 2
        sent["probabilities"] = {name: file.score if name == predicted else rest for name in THREE["classes"]}
    pushed = push_predictions(model, [prediction_row(1, **sent)])
    assert pushed.rejected == [], pushed.rejected
    document = {"features": list(names)} | dict(file.document)
    return made_ready(model, file, document), Prediction.objects.get(model=model)


def made_ready(model: MonitoredModel, file: File, document: dict[str, Any], version: str = "v1") -> Artifact:
    content = BytesIO(file.content)
    found = registering.register(model, version, content, name=file.name, document=document, by=None).artifact
    Artifact.objects.filter(pk=found.pk).update(state="ready", method=file.method, space=file.space)
    return Artifact.objects.select_related("version__model").get(pk=found.pk)


def small_file() -> File:
    """The booster of `tests.explanations.models`, whose scores `scored` gives."""
    return File("model.json", model_file(), "tree", "margin", 0.0)


def make_case(model: MonitoredModel, number: int = 1) -> tuple[Artifact, Prediction]:
    """Store one prediction of the small file, as it scores."""
    features = {"age": 41, "hours": 38, "sex": 1}
    (score,) = scores([features])
    row = prediction_row(number, features=features, score=score, prediction="yes" if score >= 0.5 else "no")
    push_predictions(model, [row])
    artifact = made_ready(model, small_file(), {"features": list(FEATURES)})
    return artifact, Prediction.objects.get(model=model, external_id=f"case-{number}")


def unpack(artifact: Artifact, prediction: Prediction, folder: Path) -> Path:
    """Write the bundle into a folder of its own."""
    sent = Payload.objects.get(prediction_id=prediction.pk)
    content = b"".join(bundles.write(artifact, prediction, sent))
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program with the packages of this process, which are those that it pins."""
    return subprocess.run(
        [sys.executable, "-I", "debug.py"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def change(folder: Path, name: str, value: Any) -> None:
    """Change a feature in the case."""
    path = folder / "case.json"
    case = json.loads(path.read_text())
    case["features"][name] = value
    path.write_text(json.dumps(case))
