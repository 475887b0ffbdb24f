"""Files that come in: kept in pieces in the database, looked at, confirmed, and gone once they are loaded."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import IO, Any

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.common import doorbell
from apps.common.clock import database_now
from apps.common.errors import ConflictError, DomainError
from apps.predictions.models import BatchKind, FileForm, Upload, UploadPiece
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.files import RowFile, bounds, form_of
from apps.predictions.reading.mapping import Naming, is_field, proposed
from apps.predictions.reading.rejections import tellable
from apps.predictions.services import pushing
from apps.registry.models import MonitoredModel

BELL = "load_uploads"
PIECE = 1024 * 1024
# Of a text, the first rows are looked for in so much of it.
HEAD_PIECES = 2
# Drafts that nobody confirmed, and the bytes of files that failed.
KEEP_DAYS = 7
NAME_LENGTH = 200


class MappingError(DomainError):
    """A mapping from columns to fields that rows of the kind do not have."""

    code = "invalid_mapping"


def accept(
    model: MonitoredModel,
    kind: BatchKind,
    file: IO[bytes],
    *,
    name: str,
    content_type: str,
    mapping: Mapping[str, str | None],
    key: str | None,
    path: str,
) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to an upload that is loaded at once; with an idempotency key, the first one's."""
    form = form_of(name, content_type)
    _check_mapping(mapping, kind)
    with transaction.atomic():
        if key:
            digest = _digest(file, kind=kind, form=form, mapping=mapping)
            if first := pushing.first_answer(model.project, key, path=path, digest=digest):
                return first
        upload = _keep(model, kind, file, name=name, form=form, mapping=dict(mapping))
        confirm(upload)
        answer = {"id": upload.pk}
        if key:
            pushing.keep_answer(model.project, key, 202, answer)
    return 202, answer


@transaction.atomic
def draft(model: MonitoredModel, kind: BatchKind, file: IO[bytes], *, name: str, content_type: str, by: User) -> Upload:
    """Keep a file to look at before it is loaded. Raises UnsupportedMediaError, TooLargeError."""
    upload = _keep(model, kind, file, name=name, form=form_of(name, content_type), by=by)
    with suppress(DomainError):  # a look at the file says what is wrong
        choose(upload, columns(upload), {})
    return upload


def _keep(
    model: MonitoredModel, kind: BatchKind, file: IO[bytes], *, name: str, form: FileForm, **fields: Any
) -> Upload:
    by = fields.pop("by", None)
    upload = Upload(model=model, kind=kind, form=form, name=_shown(name), size=0, created_by=by, **fields)
    upload.save()
    file.seek(0)
    for number, content in enumerate(iter(lambda: file.read(PIECE), b"")):
        upload.size += len(content)
        bounds().check_size(upload.size)
        UploadPiece.objects.create(upload=upload, number=number, content=content)
    upload.save(update_fields=["size"])
    return upload


def _shown(name: str) -> str:
    """A file's name as PostgreSQL takes it."""
    return tellable(name).replace("\x00", "\ufffd")[:NAME_LENGTH]


def _digest(file: IO[bytes], **asked: Any) -> bytes:
    file.seek(0)
    found = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # it only reads
    found.update(json.dumps(asked, sort_keys=True).encode())
    return found.digest()


def _check_mapping(mapping: Mapping[str, str | None], kind: BatchKind) -> None:
    wrong = sorted(name for name in mapping.values() if name is not None and not is_field(name, kind))
    if wrong:
        raise MappingError(f"Rows of {kind} have no field {wrong[0]!r}.", fields=wrong)


def confirm(upload: Upload) -> None:
    """Have a draft loaded."""
    if not Upload.objects.filter(pk=upload.pk, confirmed_at=None).update(confirmed_at=Now()):
        raise ConflictError("This file is being loaded already.")
    doorbell.ring_on_commit(BELL)


def columns(upload: Upload) -> list[str]:
    """The columns of a file. Raises DomainError."""
    file = opened(upload, is_whole=False)
    with file.body:
        return file.columns()


def choose(upload: Upload, names: list[str], chosen: Mapping[str, str | None]) -> None:
    """Set what a draft's columns become; those that are not chosen are taken as proposed. Raises MappingError."""
    _check_mapping(chosen, BatchKind(upload.kind))
    upload.mapping = _mapping(upload, names, chosen)
    if not Upload.objects.filter(pk=upload.pk, confirmed_at=None).update(mapping=upload.mapping):
        raise ConflictError("This file is being loaded already.")


def _mapping(upload: Upload, columns: list[str], chosen: Mapping[str, str | None]) -> dict[str, str | None]:
    """The mapping to keep; empty where all names stay, so that rows of JSON are taken as they were sent."""
    found = {column: chosen.get(column, proposed(column, BatchKind(upload.kind))) for column in columns}
    return {} if all(column == name for column, name in found.items()) else found


def retry(upload: Upload) -> None:
    """Go on with a failed file from where it stands."""
    failed = Upload.objects.filter(pk=upload.pk).exclude(error="")
    if not has_file(upload) or not failed.retry():
        raise ConflictError("Only a file that failed, and is still there, can be tried again.")
    doorbell.ring_on_commit(BELL)


def discard(upload: Upload) -> None:
    """Forget a draft."""
    if not Upload.objects.filter(pk=upload.pk, confirmed_at=None).delete()[0]:
        raise ConflictError("This file is being loaded already.")


def has_file(upload: Upload) -> bool:
    """Whether the file's bytes are still there."""
    return upload.pieces.exists()


def opened(upload: Upload, *, is_whole: bool = True) -> RowFile:
    """The file to read from; of a text perhaps only its first lines. Close its body."""
    is_head = not is_whole and upload.form != FileForm.PARQUET
    pieces = _head(upload) if is_head else _pieces(upload)
    # A limit that was lowered since the file came does not stop it.
    limits = replace(bounds(), size=upload.size)
    body = Body.receive(pieces, content_type="", bounds=limits)
    return RowFile(body, FileForm(upload.form), Naming(BatchKind(upload.kind), upload.mapping), upload.model)


def _pieces(upload: Upload) -> Iterator[bytes]:
    """One at a time: a cursor over all of them would hold more than one."""
    number = 0
    while (content := _piece(upload, number)) is not None:
        yield content
        number += 1


def _piece(upload: Upload, number: int) -> bytes | None:
    found = upload.pieces.filter(number=number).values_list("content", flat=True).first()
    return None if found is None else bytes(found)


def _head(upload: Upload) -> Iterator[bytes]:
    """The first whole lines."""
    head = b"".join(_piece(upload, number) or b"" for number in range(HEAD_PIECES))
    yield head if len(head) == upload.size else head[: head.rfind(b"\n") + 1]


def expire() -> None:
    """Forget drafts that nobody confirmed, and the bytes of what failed long ago."""
    old = database_now() - timedelta(days=KEEP_DAYS)
    Upload.objects.filter(confirmed_at=None, created_at__lt=old).delete()
    UploadPiece.objects.filter(upload__finished_at__lt=old).delete()
