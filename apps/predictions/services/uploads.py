"""Uploaded files: kept in pieces in the database, previewed, confirmed, and deleted once loaded (see `loading`)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import IO, Any

from django.db import transaction
from django.db.models import Min, Q
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.common import doorbell
from apps.common.clock import database_now
from apps.common.errors import ConflictError, DomainError
from apps.common.strict_json import check_text
from apps.predictions.models import BatchKind, FileForm, Upload, UploadPiece
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.choices import Choices
from apps.predictions.reading.files import RowFile, bounds, form_of
from apps.predictions.reading.mapping import Naming, is_field, proposed, suggested
from apps.predictions.reading.rejections import tellable
from apps.predictions.services import pushing
from apps.registry.models import MonitoredModel
from apps.registry.services.archiving import require_active

BELL = "load_uploads"
PIECE = 1024 * 1024
# A preview of a text file reads this many pieces.
HEAD_PIECES = 2
# For drafts that nobody confirmed, and for the bytes of failed files.
KEEP_DAYS = 7
NAME_LENGTH = 200


class MappingError(DomainError):
    """A mapping to a field that rows of the kind do not have."""

    code = "invalid_mapping"


def accept(
    model: MonitoredModel,
    kind: BatchKind,
    file: IO[bytes],
    *,
    name: str,
    content_type: str,
    mapping: Mapping[str, str | None],
    choices: Choices,
    key: str | None,
    path: str,
    by: User | None,
) -> tuple[int, dict[str, Any]]:
    """Keep a file and start loading it. Return status and body of the answer; a repeated key gets its first answer."""
    form = form_of(name, content_type)
    _check_mapping(mapping, kind)
    with transaction.atomic():
        if key:
            digest = _digest(file, kind=kind, form=form, mapping=mapping, choices=choices.document)
            if first := pushing.first_answer(model.project, key, path=path, digest=digest, told=by):
                return first
        upload = _keep(model, kind, file, name=name, form=form, mapping=dict(mapping), choices=choices.document, by=by)
        confirm(upload)
        answer = {"id": upload.pk}
        if key:
            pushing.keep_answer(model.project, key, 202, answer)
    return 202, answer


@transaction.atomic
def draft(model: MonitoredModel, kind: BatchKind, file: IO[bytes], *, name: str, content_type: str, by: User) -> Upload:
    """Keep a file for a preview before it is loaded. Raises UnsupportedMediaError, TooLargeError."""
    upload = _keep(model, kind, file, name=name, form=form_of(name, content_type), by=by)
    with suppress(DomainError):  # the preview says what is wrong
        names = columns(upload)
        choose(upload, names, suggested(names, kind), Choices())
    return upload


def _keep(
    model: MonitoredModel, kind: BatchKind, file: IO[bytes], *, name: str, form: FileForm, **fields: Any
) -> Upload:
    require_active(model)
    by = fields.pop("by", None)
    upload = Upload(
        model=model, kind=kind, form=form, name=tellable(name)[:NAME_LENGTH], size=0, created_by=by, **fields
    )
    upload.save()
    file.seek(0)
    for number, content in enumerate(iter(lambda: file.read(PIECE), b"")):
        upload.size += len(content)
        bounds().check_size(upload.size)
        UploadPiece.objects.create(upload=upload, number=number, content=content)
    upload.save(update_fields=["size"])
    return upload


def _digest(file: IO[bytes], **options: Any) -> bytes:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # it only reads
    digest.update(json.dumps(options, sort_keys=True).encode())
    return digest.digest()


def _check_mapping(mapping: Mapping[str, str | None], kind: BatchKind) -> None:
    wrong = sorted(name for name in mapping.values() if name is not None and not is_field(name, kind))
    if wrong:
        raise MappingError(f"Rows of {kind} have no field {wrong[0]!r}.", fields=wrong)


def confirm(upload: Upload) -> None:
    """Start loading a draft."""
    if not Upload.objects.filter(pk=upload.pk, confirmed_at=None).update(confirmed_at=Now()):
        raise ConflictError("This file is already being loaded.")
    doorbell.ring_on_commit(BELL)


def columns(upload: Upload, choices: Choices | None = None) -> list[str]:
    """List the columns of a file, read as it is kept or with other choices. Raises DomainError."""
    file = opened(upload, is_whole=False)
    with file.body:
        names = (file if choices is None else replace(file, choices=choices)).columns()
    check_text("".join(names))  # the mapping holds them
    return names


def choose(upload: Upload, names: list[str], chosen: Mapping[str, str | None], choices: Choices) -> None:
    """Set how a draft is read and what its columns become; those without a choice get the default.

    Raises MappingError.
    """
    _check_mapping(chosen, BatchKind(upload.kind))
    upload.mapping, upload.choices = _mapping(upload, names, chosen), choices.document
    draft = Upload.objects.filter(pk=upload.pk, confirmed_at=None)
    if not draft.update(mapping=upload.mapping, choices=upload.choices):
        raise ConflictError("This file is already being loaded.")


def _mapping(upload: Upload, columns: list[str], chosen: Mapping[str, str | None]) -> dict[str, str | None]:
    """The mapping to keep; empty if no name changes, so that JSON rows are stored as sent."""
    mapping = {column: chosen.get(column, proposed(column, BatchKind(upload.kind))) for column in columns}
    return {} if all(column == name for column, name in mapping.items()) else mapping


def retry(upload: Upload) -> None:
    """Resume a failed file at its position."""
    failed = Upload.objects.filter(pk=upload.pk).exclude(error="")
    if not has_file(upload) or not failed.retry(confirmed_at=Now()):
        raise ConflictError("Only a failed file whose content is still kept can be tried again.")
    doorbell.ring_on_commit(BELL)


def discard(upload: Upload) -> None:
    """Delete a draft."""
    if not Upload.objects.filter(pk=upload.pk, confirmed_at=None).delete()[0]:
        raise ConflictError("This file is already being loaded.")


def waiting_since() -> datetime | None:
    """Return since when the oldest due file waits for a worker; None without any."""
    waiting = Upload.objects.due().unleased()
    # Between two turns nobody holds a long file; a token whose lease ran out was a killed worker's.
    waiting = waiting.filter(Q(position=0) | Q(lease_token__isnull=False))
    since: datetime | None = waiting.aggregate(since=Min("confirmed_at"))["since"]
    return since


def has_file(upload: Upload) -> bool:
    """Whether the file's content is still kept."""
    return upload.pieces.exists()


def opened(upload: Upload, *, is_whole: bool = True) -> RowFile:
    """Open the file, or only the first lines of a text file. Close its body."""
    is_head = not is_whole and upload.form != FileForm.PARQUET
    pieces = _head(upload) if is_head else _pieces(upload)
    # The file was accepted under the limit of its time, even if that has been lowered since.
    limits = replace(bounds(), size=upload.size)
    body = Body.receive(pieces, content_type="", bounds=limits)
    naming = Naming(BatchKind(upload.kind), upload.mapping)
    return RowFile(body, FileForm(upload.form), naming, upload.model, Choices.of(upload.choices))


def _pieces(upload: Upload) -> Iterator[bytes]:
    """Read the pieces one by one: a cursor over all would hold several in memory."""
    number = 0
    while (content := _piece(upload, number)) is not None:
        yield content
        number += 1


def _piece(upload: Upload, number: int) -> bytes | None:
    content = upload.pieces.filter(number=number).values_list("content", flat=True).first()
    return None if content is None else bytes(content)


def _head(upload: Upload) -> Iterator[bytes]:
    """Read the first whole lines."""
    head = b"".join(_piece(upload, number) or b"" for number in range(HEAD_PIECES))
    yield head if len(head) == upload.size else head[: _last_end(head)]


def _last_end(head: bytes) -> int:
    """The position behind the last line end, in whichever encoding."""
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2])
    ends = ["\n".encode(wide)] if wide else [b"\n", b"\r"]
    return next((at + len(end) for end in ends if (at := head.rfind(end)) >= 0), len(head))


def expire() -> None:
    """Delete drafts that nobody confirmed, and the content of files that failed long ago."""
    old = database_now() - timedelta(days=KEEP_DAYS)
    Upload.objects.filter(confirmed_at=None, created_at__lt=old).delete()
    UploadPiece.objects.filter(upload__finished_at__lt=old).delete()
