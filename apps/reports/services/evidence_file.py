"""The file of a report's evidence: all that somebody needs who computes its figures anew, without this product."""

import json
import zipfile
from typing import IO, Any, cast

from apps.common.errors import ConflictError
from apps.registry.models import ValueModel
from apps.reports.engine.document import Document
from apps.reports.engine.estimating import fit_of
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.evidence_figures import figures_of
from apps.reports.engine.evidence_tables import inputs_of, tables_of
from apps.reports.engine.value import Value
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.services.gathering import gather
from apps.reports.services.making import configuration_hash


def write_evidence(report: Report, into: IO[bytes]) -> None:
    """Gather the evidence of a stored report anew and write it as a ZIP archive.

    Raises ConflictError if it cannot be gathered as it was: settings have changed since, or cases were erased.
    """
    evidence, value_model = _as_it_was(report)
    document, fit = cast(Document, report.document), fit_of(evidence)
    valued = Value(fit, value_model) if report.kind == Kind.VALUE else None
    parts = {
        "report.json": document,
        "inputs.json": inputs_of(fit, document, valued),
        "figures.json": figures_of(fit, document),
    }
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(content, ensure_ascii=False))
        for name, table in tables_of(fit):
            with archive.open(f"{name}.csv", "w") as file:
                table.to_csv(cast(Any, file), index=False, na_rep="nan")


def _as_it_was(report: Report) -> tuple[Evidence, ValueModel | None]:
    """Return the evidence as of the report's moment, with the value model that the report was made with."""
    job = report.jobs.order_by("-id").first()
    slices = job.slices if job else sorted({piece["name"] for piece in report.document["slices"]})
    asked = ReportJob(
        model=report.model, kind=report.kind, start=report.start, end=report.end, version=report.version, slices=slices
    )
    evidence = gather(asked, as_of=report.as_of)
    if evidence.seq == report.seq:
        for value_model in [*report.model.value_models.order_by("-version"), None]:
            if configuration_hash(evidence, value_model) == report.configuration_hash:
                return evidence, value_model
    message = (
        "This report rests on settings or cases that are no longer as they were. Make it again, then export that one."
    )
    raise ConflictError(message, code="evidence_changed")
