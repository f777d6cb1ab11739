"""Tables in and out of the back office: django-import-export with our reader, our writer and our confirm step."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import tablib
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import resources
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import Format
from import_export.forms import ExportForm
from import_export.instance_loaders import ModelInstanceLoader
from import_export.results import Result

from firms.admin.base import differing, snapshot
from firms.admin.sealing import PrivateStorage, open_once, seal
from firms.exports import CONTENT_TYPES, Column, Table, write_csv, write_xlsx
from firms.importing import spool
from firms.importing.problem import Unreadable
from firms.models import User
from firms.permissions import may_export, may_import
from firms.services import audit
from firms.services.refusal import Refusal

MAX_ROWS = 20_000
TRACED_ROWS = 500
BOUNDS = spool.Bounds(memory=600, seconds=30, rows=MAX_ROWS + 20, columns=100)


def _granted(user: Any, model: type[models.Model], *actions: str) -> bool:
    label = model._meta.app_label
    return all(user.has_perm(f"{label}.{get_permission_codename(action, model._meta)}") for action in actions)


def may_import_table(user: Any, model: type[models.Model]) -> bool:
    """A table adds rows and changes them: who brings one in must be granted both, and be one who imports at all."""
    return may_import(user) and _granted(user, model, "add", "change")


def may_export_table(user: Any, model: type[models.Model]) -> bool:
    """What one may see, taken away as a file by those who may take anything away."""
    return may_export(user) and _granted(user, model, "view")


class TableFormat(Format):
    """xlsx, xls or csv, told apart by content when read; written by ``firms.exports`` (nothing in it can run)."""

    name = "xlsx"

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding

    def get_title(self) -> str:
        return self.name

    def get_extension(self) -> str:
        return self.name

    def get_content_type(self) -> str:
        return CONTENT_TYPES[self.name]

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        return to_dataset(read_rows(in_stream))

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        columns = [Column(str(heading)) for heading in dataset.headers]
        if len(columns) < 2:
            raise ValueError(_("请至少选择两列。"))
        texts = [["" if cell is None else str(cell) for cell in row] for row in dataset]
        table = Table(str(dataset.title or _("数据")), columns, texts)
        with tempfile.TemporaryDirectory(prefix="table-") as place:
            path = Path(place) / f"table.{self.name}"
            {"xlsx": write_xlsx, "csv": write_csv}[self.name](table, path)
            return path.read_bytes()


class CSVFormat(TableFormat):
    name = "csv"


def read_rows(content: bytes) -> list[list[Any]]:
    """The first visible sheet's rows, read where a bomb does no harm: in ``firms.importing``'s bounded child process."""
    with tempfile.NamedTemporaryFile(prefix="table-") as file:
        file.write(content)
        file.flush()
        with spool.read(file.name, BOUNDS) as read:
            for sheet in read.sheets():
                if sheet.visible:
                    return [[_text(cell) for cell in cells] for _number, cells in sheet.rows]
    return []


def _text(cell: Any) -> Any:
    if isinstance(cell, dict):  # what the reader found no value for, such as a formula's error
        raise Unreadable("bad_cell", _("单元格内容无法识别：%(cell)s") % {"cell": next(iter(cell.values()), "")})
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    # What ``firms.exports`` puts around a text to disarm it in csv is taken off again.
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:2] in set("=+-@＝＋－＠\t"):
        return cell[1:]
    return cell.strip() if isinstance(cell, str) else cell


def to_dataset(rows: list[list[Any]]) -> tablib.Dataset:
    """Rows under the first one with two headings or more: what stands above it is a title."""
    if len(rows) > MAX_ROWS:
        raise ValueError(_("超过 %(n)s 行，请改用数据导入。") % {"n": MAX_ROWS})
    start = next((at for at, row in enumerate(rows[:20]) if sum(cell not in {"", None} for cell in row) >= 2), None)
    if start is None:
        return tablib.Dataset()
    headers = [str(cell).split("（")[0].strip() if cell is not None else "" for cell in rows[start]]
    width = max((at + 1 for at, name in enumerate(headers) if name), default=0)
    filled = [name for name in headers[:width] if name]
    if len(set(filled)) != len(filled):
        raise ValueError(_("列名重复，请检查表头。"))
    dataset = tablib.Dataset(headers=headers[:width])
    for row in rows[start + 1 :]:
        cells = [*row[:width], *[""] * (width - len(row))]
        if any(cell not in {"", None} for cell in cells):
            dataset.append(cells)
    return dataset


class OneReadLoader(ModelInstanceLoader):
    """Finds existing rows by their natural key from one read of the table, not one query a row."""

    def __init__(self, resource: Any, dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        self.keys = [resource.fields[name] for name in resource.get_import_id_fields()]
        self.known = {tuple(_hashable(field.get_value(row)) for field in self.keys): row for row in self.get_queryset()}

    def get_instance(self, row: Any) -> Any:
        return self.known.get(tuple(_hashable(field.clean(row)) for field in self.keys))


def _hashable(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


class TableResource(resources.ModelResource):
    """Upsert by natural key, in batches, unchanged rows left alone; a bad row stops the whole file."""

    class Meta:
        instance_loader_class = OneReadLoader
        use_bulk = True
        batch_size = 1000
        skip_unchanged = True
        report_skipped = True
        store_instance = True
        clean_model_instances = True

    def __init__(self, by: User | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by = by

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Result:
        """Asked again where the rows are written: no way to this method goes round the permission."""
        if self.by is None or not may_import_table(self.by, self._meta.model):
            raise PermissionDenied
        return super().import_data(dataset, *args, **kwargs)

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: models.Field, readonly: bool) -> Any:
        """Columns are headed as the pages call them."""
        field = super().field_from_django_field(field_name, django_field, readonly)
        field.column_name = str(django_field.verbose_name)
        return field

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Field rules only: uniqueness is the database's, which needs no query a row to say so."""
        errors = dict(import_validation_errors or {})
        related = {field.name for field in instance._meta.concrete_fields if field.is_relation}
        try:
            instance.clean_fields(exclude=related | set(errors))
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def bulk_update(
        self,
        using_transactions: bool,
        dry_run: bool,
        raise_errors: bool,
        batch_size: int | None = None,
        result: Any = None,
    ) -> None:
        """One INSERT … ON CONFLICT a batch; ``bulk_update``'s CASE for every cell took ten times as long."""
        if not self.update_instances or (dry_run and not using_transactions):
            return
        model = self._meta.model
        names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
        try:
            model._default_manager.bulk_create(
                self.update_instances, update_conflicts=True, unique_fields=["id"], update_fields=names
            )
        except Exception as error:
            self.handle_import_error(result, error, raise_errors)
        finally:
            self.update_instances.clear()

    def after_import(self, dataset: Any, result: Result, **kwargs: Any) -> None:
        super().after_import(dataset, result, **kwargs)
        if (request := kwargs.get("request")) is not None:
            request.table_plan = plan_digest(result)


def plan_digest(result: Result) -> str:
    """Names what an import would do: which rows it would add, change, leave, and the cells it would show for them."""
    rows = [[row.import_type, [str(cell) for cell in row.diff or []]] for row in result.rows]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


class TableAdmin(ImportExportMixin):
    """Import (upload, preview, confirm) and export for an admin; stands before ``OfficeAdmin`` among the bases."""

    formats = (TableFormat, CSVFormat)
    import_formats = formats
    export_formats = formats
    export_form_class = ExportForm  # the one that picks columns needs inline handlers, which the policy forbids
    tmp_storage_class = PrivateStorage
    skip_admin_log = True  # one audit entry with every change in it, not one log entry a row

    # The library's own answer, without a setting, is yes to everybody.
    def has_import_permission(self, request: HttpRequest) -> bool:
        return may_import_table(request.user, self.model)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return may_export_table(request.user, self.model)

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return super().get_import_resource_kwargs(request, **kwargs) | {"by": request.user}

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_import_data_kwargs(**kwargs) | {"rollback_on_validation_errors": True}

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial = super().get_confirm_form_initial(request, import_form)
        if import_form is not None:
            name = initial["import_file_name"]
            plan = getattr(request, "table_plan", "")
            initial["import_file_name"] = seal(name, user=request.user, model=self.model, plan=plan)
        return initial

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        known = isinstance(e, Unreadable | ValueError)
        form.add_error("import_file", f"{e}{getattr(e, 'hint', '')}" if known else _("文件无法读取。"))

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return super().process_import(request, **kwargs)
        opened = open_once(request.POST.get("import_file_name", ""), user=request.user, model=self.model)
        form: Any = request.POST.copy()
        form["import_file_name"] = opened["name"]
        request.POST = form
        request.sealed = opened
        try:
            with transaction.atomic():
                return super().process_import(request, **kwargs)
        finally:
            PrivateStorage(name=opened["name"]).remove()

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors() or request.table_plan != request.sealed["plan"]:
            raise Refusal(
                "facts_changed", _("预览之后数据已被他人修改，没有导入。"), hint=_("请重新上传并核对新的预览。")
            )
        rows = [_traced(row) for row in result.rows if row.import_type in {"new", "update"}]
        audit.record(
            f"{self.model._meta.model_name}.import",
            f"后台导入{self.model._meta.verbose_name}：新增{result.totals['new']}，修改{result.totals['update']}，"
            f"无变化{result.totals['skip']}",
            by=request.user,
            before={"sha256": request.sealed["sha256"]},
            after={"rows": rows[:TRACED_ROWS], "more": max(0, len(rows) - TRACED_ROWS)},
        )
        return super().process_result(result, request)

    def get_export_queryset(self, request: HttpRequest) -> Any:
        """The rows the list shows under the same conditions; the list itself answers unreadable ones with all its rows."""
        try:
            return super().get_export_queryset(request)
        except IncorrectLookupParameters:
            raise Refusal(
                "bad_conditions", _("筛选条件无法识别，没有导出。"), hint=_("请回到列表重新筛选后再导出。"), status=400
            ) from None

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        return f"{self.model._meta.model_name}-{timezone.localdate():%Y%m%d}.{file_format.get_extension()}"

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        data = super().get_export_data(file_format, request, queryset, **kwargs)
        audit.record(
            f"{self.model._meta.model_name}.export",
            f"后台导出{self.model._meta.verbose_name}",
            by=request.user,
            after={"format": file_format.get_extension(), "conditions": request.GET.dict()},
        )
        return data


def _traced(row: Any) -> dict[str, Any]:
    """One imported row for the trace: which, and each member before and after."""
    old = snapshot(row.original) if row.original is not None and row.import_type == "update" else {}
    before, after = differing(old, snapshot(row.instance)) if row.instance is not None else ({}, {})
    return {"row": str(row.instance), "before": before or None, "after": after}
