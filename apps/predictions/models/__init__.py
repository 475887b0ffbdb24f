"""Batches, predictions, rejected rows and uploads."""

from apps.predictions.models.batches import Batch, BatchKind, BatchStage, IdempotentAnswer, Stage
from apps.predictions.models.predictions import (
    Action,
    CaseView,
    ExportView,
    Hold,
    Outcome,
    Payload,
    Prediction,
    SentJSONField,
)
from apps.predictions.models.rejected import RejectedCount, RejectedRow, RejectedState
from apps.predictions.models.uploads import FileForm, Upload, UploadPiece

__all__ = [
    "Action",
    "Batch",
    "BatchKind",
    "BatchStage",
    "CaseView",
    "ExportView",
    "FileForm",
    "Hold",
    "IdempotentAnswer",
    "Outcome",
    "Payload",
    "Prediction",
    "RejectedCount",
    "RejectedRow",
    "RejectedState",
    "SentJSONField",
    "Stage",
    "Upload",
    "UploadPiece",
]
