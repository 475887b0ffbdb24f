"""Evidence files, and the independent program that rebuilds a report from them."""

import importlib.util
from pathlib import Path

from apps.reports import services as reports
from apps.reports.models import EvidenceFile, Report

PROGRAM = Path(__file__).parents[2] / "clients" / "verify" / "verify.py"


def verify(file: Path) -> int:
    spec = importlib.util.spec_from_file_location("verify", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    status: int = program.main(str(file))
    return status


def written(report: Report, folder: Path) -> Path:
    """Have a worker write the file, and put its pieces together."""
    reports.ask_for_evidence(report)
    reports.run_due()
    path = folder / "evidence.zip"
    path.write_bytes(b"".join(reports.pieces_of(EvidenceFile.objects.get(report=report))))
    return path
