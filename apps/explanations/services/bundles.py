"""The debug bundle of a prediction: its row, the model file, and a program that shows that they belong together.

The program needs neither this product nor an account: the packages are pinned, and no index is named.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from apps.common.errors import ConflictError
from apps.explanations.engine.spec import Format, Method
from apps.explanations.models import Artifact, Attribution, Trial
from apps.explanations.services import bundle_code, release, storing
from apps.explanations.services.bundle_code import Cell, Written
from apps.explanations.services.bundle_libraries import FILES
from apps.explanations.services.release import Pinned
from apps.explanations.services.specs import spec_of
from apps.predictions.models import Prediction

Document = dict[str, Any]


class Sent(Protocol):
    """What was sent with a prediction: its payload, or the copy with its review."""

    features: Any
    processed: Any
    attributions: Any
    attribution_base: Any


def in_force(prediction: Prediction) -> Artifact:
    """Return the file of the prediction's version. Raises ConflictError if there is none that reproduces scores."""
    found: Artifact | None = (
        Artifact.objects.ready().filter(version=prediction.version_id).select_related("version__model").first()
    )
    if found is None:
        message = "Version {} has no model file that reproduces its stored scores."
        raise ConflictError(message.format(prediction.version.name), code="file_not_ready")
    return found


def write(artifact: Artifact, prediction: Prediction, sent: Sent) -> Iterator[bytes]:
    """Return the pieces of the archive, made as they are read: never all of it is in memory."""
    return _archive(artifact, _texts(artifact, prediction, sent))


def _archive(artifact: Artifact, texts: Mapping[str, str]) -> Iterator[bytes]:
    held = _Held()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        yield held.take()
        with archive.open(FILES[Format(artifact.format)], "w") as file:
            for piece in storing.content(artifact):
                file.write(piece)
                yield held.take()
    yield held.take()


class _Held(io.RawIOBase):
    """Holds what the archive writes until it is sent. It cannot seek, and the archive does without."""

    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, content: Any) -> int:
        self._content += content
        return len(content)

    def take(self) -> bytes:
        taken = bytes(self._content)
        self._content.clear()
        return taken


def _texts(artifact: Artifact, prediction: Prediction, sent: Sent) -> dict[str, str]:
    has_score = prediction.score is not None
    written = Written(Format(artifact.format), spec_of(artifact), str(artifact.method), str(artifact.space), has_score)
    cells = list(bundle_code.cells(written))
    pins = release.pinned(written.packages)
    return {
        "case.json": _json(_case(artifact, prediction, sent)),
        "debug.py": _script(cells, pins),
        "debug.ipynb": _json(_notebook(cells, pins)),
        "requirements.txt": _requirements(pins),
    }


def _json(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _case(artifact: Artifact, prediction: Prediction, sent: Sent) -> Document:
    """Describe the case: all that the program reads."""
    model, spec = artifact.model, spec_of(artifact)
    reads_processed = spec.reads == "processed" and sent.processed is not None
    return {
        "id": prediction.external_id,
        "model": model.slug,
        "version": artifact.version.name,
        "predicted_at": prediction.predicted_at.isoformat(),
        "features": sent.features,
        "processed": sent.processed,
        # Which of the two is the model's input.
        "input": "processed" if reads_processed else "features",
        "prediction": model.decode(prediction.predicted),
        "score": prediction.score,
        "tolerance": spec.allowed,
        "contributions": _contributions(artifact, prediction, sent),
        "artifact": {
            "file": FILES[Format(artifact.format)],
            "format": artifact.format,
            "sha256": bytes(artifact.sha256).hex(),
            "size": artifact.size,
            "versions": artifact.versions,
        },
        "python": release.PYTHON,
        "countersign": release.product(),
        "spec": artifact.spec,
    }


def _contributions(artifact: Artifact, prediction: Prediction, sent: Sent) -> Document | None:
    """Return those computed here, or else those that were sent."""
    computed = {"method": artifact.method, "space": artifact.space}
    stored = Attribution.objects.filter(prediction=prediction.pk, artifact=artifact, values__isnull=False).first()
    if stored is not None:
        return {"method": stored.method, "space": stored.space, "base": stored.base, "values": stored.values}
    asked = Trial.objects.filter(prediction=prediction.pk, artifact=artifact, kind=Trial.Kind.OPEN)
    trial = asked.filter(finished_at__isnull=False, answer__contributions__isnull=False).order_by("-id").first()
    if trial is not None and trial.answer and trial.answer["contributions"]:
        return computed | {"base": trial.answer["base"], "values": trial.answer["contributions"]}
    if sent.attributions is None:
        return None
    # In which units they were sent, nobody said.
    return {"method": Method.SENT, "space": None, "base": sent.attribution_base, "values": sent.attributions}


def _header(pins: tuple[Pinned, ...]) -> str:
    """Write the script's inline metadata (PEP 723), with the hashes of all files that it may install."""
    lines = [f'requires-python = "=={release.PYTHON}.*"', "dependencies = ["]
    lines += [f'    "{each.requirement}",' for each in pins]
    lines += ["]", "", "[tool.countersign.hashes]"]
    lines += [f'"{each.exact}" = {json.dumps(each.hashes)}' for each in pins]
    return "\n".join(["# /// script", *(f"# {line}".rstrip() for line in lines), "# ///", ""])


def _script(cells: list[Cell], pins: tuple[Pinned, ...]) -> str:
    title = '"""One prediction, scored again with its model file. Run it by `uv run debug.py`, or cell by cell."""\n'
    parts = [f"# %% {title}\n{code}" for title, code in cells]
    return "\n".join([_header(pins), title, *parts])


def _notebook(cells: list[Cell], pins: tuple[Pinned, ...]) -> Document:
    """Write the same cells as a notebook, with the metadata first, where tools look for it."""
    sources = [_header(pins), *(f"# {title}\n{code}" for title, code in cells)]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source.rstrip().splitlines(keepends=True),
            }
            for number, source in enumerate(sources)
        ],
    }


def _requirements(pins: tuple[Pinned, ...]) -> str:
    """Write the same packages for pip, which checks the hashes."""
    lines = [f"# Python {release.PYTHON}: pip install --require-hashes -r requirements.txt"]
    for each in pins:
        hashes = [f"    --hash={digest}" for digest in each.hashes]
        lines.append(" \\\n".join([each.requirement, *hashes]))
    return "\n".join(lines) + "\n"
