"""An uploaded table between its preview and its confirmation: bound to who uploaded it, for what, for a short while.

import-export's own confirm step takes a file name from the form: anyone could confirm anyone's file, into any model,
any number of times. Here the form carries a seal instead, and a seal opens once.
"""

import contextlib
import hashlib
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils.translation import gettext as _
from import_export.tmp_storages import BaseStorage

from firms.models import User
from firms.services.refusal import Refusal

SALT = "firms.admin.sealing"
LIFETIME = 15 * 60


def folder() -> Path:
    path = Path(settings.VAR_DIR) / "tables"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


class PrivateStorage(BaseStorage):
    """Uploaded tables in a folder of our own, under names nobody chose; forgotten ones go after an hour."""

    def save(self, data: bytes) -> None:
        for old in folder().iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                if time.time() - old.stat().st_mtime > 4 * LIFETIME:
                    old.unlink()
        self.name = uuid.uuid4().hex
        path = folder() / self.name
        path.touch(mode=0o600)
        path.write_bytes(data)

    def read(self) -> bytes:
        return (folder() / self.name).read_bytes()

    def remove(self) -> None:
        (folder() / self.name).unlink(missing_ok=True)


def seal(name: str, *, user: User, model: type[models.Model], plan: str) -> str:
    """What the confirmation form carries: the file's name and digest, whose it is, and the plan that was shown."""
    digest = hashlib.sha256((folder() / name).read_bytes()).hexdigest()
    content = {"name": name, "sha256": digest, "user": user.pk, "model": model._meta.label_lower, "plan": plan}
    return signing.dumps(content, salt=SALT)


def open_once(token: str, *, user: User, model: type[models.Model]) -> dict[str, Any]:
    """What was sealed, with ``name`` the file's name from now on. Refuses when it is not this person's to open."""
    again = _("请重新上传文件并预览。")
    try:
        content = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.SignatureExpired:
        raise Refusal("preview_expired", _("预览已超过十五分钟。"), hint=again, status=409) from None
    except signing.BadSignature:
        raise Refusal("preview_invalid", _("确认信息无效。"), hint=again, status=400) from None
    if content["user"] != user.pk or content["model"] != model._meta.label_lower:
        raise Refusal("preview_not_yours", _("这份预览不是您在此处上传的。"), hint=again, status=403)
    claimed = f"{content['name']}.claimed"
    try:
        # Renaming succeeds for exactly one of any number of simultaneous confirmations.
        (folder() / content["name"]).rename(folder() / claimed)
    except FileNotFoundError:
        raise Refusal("preview_used", _("这份预览已经确认过，或已失效。"), hint=again, status=409) from None
    if hashlib.sha256((folder() / claimed).read_bytes()).hexdigest() != content["sha256"]:
        raise Refusal("preview_changed", _("上传的文件已变化。"), hint=again, status=409)
    return content | {"name": claimed}
