"""A file somebody uploads to be kept as it is: looked at before it is kept, and again before it is handed out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.files.base import File
from django.db.models.fields.files import FieldFile

from firms.importing.attachments import KIND_NAMES, MEDIA_TYPES, identify
from firms.importing.problem import Unreadable
from firms.services.import_scope import clean_name, refusal_of
from firms.services.refusal import Refusal

_NAMES = {media_type: KIND_NAMES[kind] for kind, media_type in MEDIA_TYPES.items()}


@dataclass(frozen=True)
class Upload:
    """``name``: as its sender called it, cleaned; ``stored_as``: what we call it, by its content."""

    file: File
    name: str
    kind: str
    sha256: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.kind]

    @property
    def size(self) -> int:
        return self.file.size or 0

    @property
    def stored_as(self) -> str:
        return f"{self.sha256[:16]}.{self.kind}"


def examined(file: File, most: int) -> Upload:
    """What the file really is. Raises Refusal (400): empty, of more than ``most`` bytes, or of no kind that is taken."""
    name = clean_name(file.name)
    try:
        kind = identify(file, name, most)  # type: ignore[arg-type]
    except Unreadable as bad:
        raise refusal_of(bad, name) from bad
    sha = hashlib.sha256()
    for block in file.chunks():
        sha.update(block)
    return Upload(file, name, kind, sha.hexdigest())


def kind_name(media_type: str) -> str:
    """What a reader calls it: PDF, Excel 工作簿."""
    return _NAMES.get(media_type, "")


def refuse_if_damaged(file: FieldFile, name: str, sha256: str) -> None:
    """Raises Refusal (409) unless the bytes are still those that were uploaded."""
    sha = hashlib.sha256()
    try:
        with file.storage.open(str(file.name), "rb") as stored:
            for block in iter(lambda: stored.read(1 << 20), b""):
                sha.update(block)
    except FileNotFoundError:
        sha.update(b"?")
    if sha.hexdigest() != sha256:
        raise Refusal(
            "damaged_file",
            "文件与上传时不一致，不能下载。",
            place=f"文件“{name}”",
            hint="请联系系统管理员从备份恢复。",
        )
