"""What columns a file of each kind may have: one declarative table a kind, made from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firms.catalogue import Catalogue, RegisterSpec, Term
from firms.importing import cells
from firms.importing.problem import BadCell

MONEY = {"元": 1.0, "百元": 1e2, "千元": 1e3, "万元": 1e4, "百万元": 1e6, "千万元": 1e7, "亿元": 1e8}
DOLLARS = {"美元": 1.0, "千美元": 1e3, "万美元": 1e4, "百万美元": 1e6, "亿美元": 1e8}
PERCENT = {"%": 1.0, "百分比": 1.0, "小数": 100.0}
COUNTED = ("人", "名", "件", "个", "家", "项", "户", "篇", "台", "人次")
DIMENSIONS: tuple[Mapping[str, float], ...] = (MONEY, DOLLARS, PERCENT, dict.fromkeys(COUNTED, 1.0))


@dataclass(frozen=True, slots=True)
class Field:
    """One column a file may have. ``kind``: code, name, amount, count, flag, date, text, term, year or ignored.

    ``owner`` is the only department that may write it ("" = whoever may write the file).
    """

    code: str
    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    owner: str = ""
    required: bool = False
    terms: tuple[Term, ...] = ()
    longest: int = 200

    def parser(self, factor: float = 1.0) -> Callable[[Any], Any]:
        """Cell → value (dates as ISO text) or None; raises BadCell. ``factor`` turns the column's unit into this field's."""
        if self.kind in ("amount", "count"):
            return self._number(factor)
        if self.kind == "term":
            return cells.term(self.terms)
        if self.kind == "date":
            late = self.code == "ends_on"
            return lambda cell: (found := cells.day(cell, end_of_month=late)) and found.isoformat()
        return {"code": cells.credit_code, "name": self._name, "flag": cells.flag, "year": _year}.get(
            self.kind, self._text
        )

    def _number(self, factor: float) -> Callable[[Any], float | None]:
        dimension = dimension_of(self.unit)
        own = dimension.get(self.unit, 1.0)
        rule = cells.NumberRule(
            factor,
            percent=dimension is PERCENT,
            units={unit: per / own for unit, per in sorted(dimension.items(), key=lambda item: -len(item[0]))},
            low=self.minimum if self.minimum is not None else float("-inf"),
            high=self.maximum if self.maximum is not None else float("inf"),
            whole=self.kind == "count",
            unit=self.unit,
        )
        return cells.number(rule)

    def _name(self, cell: Any) -> str:
        return self._fits(cells.firm_name(cell))

    def _text(self, cell: Any) -> str:
        value = cells.text(cell)
        return "" if value.lower() in cells.NOTHING else self._fits(value)

    def _fits(self, value: str) -> str:
        if len(value) > self.longest:
            raise BadCell("too_long", f"有{len(value)}个字，超过{self.longest}个", "请缩短后重新上传。")
        return value


def _year(cell: Any) -> int | None:
    value = cells.folded(cell).removesuffix("度").removesuffix("年")
    if value in cells.NOTHING:
        return None
    if not (value.isdigit() and 1949 <= int(value) <= 2100):
        raise BadCell("not_a_year", f"“{value[:30]}”不是年度", "请填写如 2022 的年度。")
    return int(value)


def dimension_of(unit: str) -> Mapping[str, float]:
    """The units that convert into ``unit``: money, dollars, percentages or counted things; empty for none."""
    return next((dimension for dimension in DIMENSIONS if unit in dimension), {})


@dataclass(frozen=True)
class Table:
    """The fields a kind of file may have, found by any of their names.

    ``said``: heading (as ``header.heading`` writes it) → field code a person gave it; "" means the column is not read.
    """

    kind: str
    fields: Mapping[str, Field]
    register: RegisterSpec | None = None
    categories: tuple[Term, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names: dict[str, str] = {}
        for item in self.fields.values():
            for name in (item.name, item.code, *item.aliases):
                names.setdefault(cells.key(name), item.code)
        object.__setattr__(self, "names", names)

    def find(self, key: str) -> Field | None:
        """The field whose name has this key; forgiving of 企业/当年/本年 before it and 数/金额 after it."""
        if code := self.names.get(key):
            return self.fields[code]
        for candidate in _trimmed(key):
            # Only for what firms report: 企业数量 must not become 企业.
            if (code := self.names.get(candidate)) and self.fields[code].kind not in ("code", "name", "ignored"):
                return self.fields[code]
        return None


# What a person said is not to be read.
LEFT = Field("_left", "不导入", "ignored")

_PREFIXES = ("其中", "企业", "当年", "本年", "全年", "本年度", "年度", "当年企业")
_SUFFIXES = ("数", "金额", "合计", "总数", "数量", "本年数", "本期数")


def _trimmed(key: str) -> list[str]:
    shorter = [key.removeprefix(prefix) for prefix in _PREFIXES if key.startswith(prefix)]
    return [
        name.removesuffix(suffix) if name.endswith(suffix) else name
        for name in (key, *shorter)
        for suffix in ("", *_SUFFIXES)
    ]


_CODE = Field(
    "credit_code",
    "统一社会信用代码",
    "code",
    ("社会信用代码", "信用代码", "纳税人识别号", "税号", "统一社会信用代码/纳税人识别号"),
)
_NAME_ALIASES = (
    "单位名称",
    "公司名称",
    "纳税人名称",
    "企业全称",
    "单位全称",
    "企业",
    "单位",
    "公司",
    "持有单位",
    "承担单位",
    "依托单位",
    "获奖单位",
    "卖方名称",
    "卖方",
)
_IGNORED = (
    "序号",
    "编号",
    "备注",
    "说明",
    "联系人",
    "联系电话",
    "电话",
    "手机",
    "手机号",
    "邮箱",
    "地址",
    "住所",
    "注册地址",
    "法定代表人",
    "法人",
    "填报人",
    "行号",
    "拒收原因",
    "原因",
    "阶段",
    "部门",
    "来源",
)


def _base(name_aliases: tuple[str, ...] = ()) -> list[Field]:
    return [_CODE, Field("name", "企业名称", "name", (*_NAME_ALIASES, *name_aliases), longest=128)]


def _ignored() -> list[Field]:
    return [Field(f"_ignored_{number}", name, "ignored") for number, name in enumerate(_IGNORED)]


def metrics_table(catalogue: Catalogue) -> Table:
    """指标数据: code, name, year and every metric of the catalogue."""
    metrics = [
        Field(m.code, m.name, m.kind, m.aliases, m.unit, m.minimum, m.maximum, owner=m.owner)
        for m in catalogue.metrics.values()
    ]  # fmt: skip
    year = Field("_year", "年度", "year", ("所属年度", "数据年度", "年份", "统计年度"))
    return _table("metrics", [*_base(("名称",)), year, *metrics, *_ignored()])


def firms_table() -> Table:
    """企业名录: the firms themselves."""
    return _table(
        "firms",
        [
            *_base(("名称",)),
            Field(
                "registered_on",
                "注册成立日期",
                "date",
                ("成立日期", "注册日期", "成立时间", "注册时间", "注册成立时间"),
            ),
            Field("park", "园区", "text", ("所属园区", "所在园区"), longest=64),
            Field("industry", "行业代码", "text", ("国民经济行业代码", "行业", "所属行业", "行业分类代码"), longest=64),
            *_ignored(),
        ],
    )


def register_table(catalogue: Catalogue, kind: str) -> Table:
    """台账 of one kind: its required columns and vocabulary come from registers.toml."""
    spec = catalogue.registers[kind]
    kinds = {"category": "term", "level": "term", "amount": "amount", "quantity": "count"} | dict.fromkeys(
        ("starts_on", "ends_on", "applied_on", "granted_on"), "date"
    )
    terms = {"category": (*spec.categories, *spec.others), "level": catalogue.levels}
    heads = spec.heads(catalogue.register_columns)
    holders = tuple(name for column in heads if column.code == "name" for name in column.aliases)
    own = [
        Field(
            column.code,
            column.name,
            kinds.get(column.code, "text"),
            column.aliases,
            unit={"amount": "万元", "quantity": "项"}.get(column.code, ""),
            minimum={"amount": 0.0, "quantity": 1.0}.get(column.code),
            maximum={"amount": 1e10, "quantity": 1e6}.get(column.code),
            required=column.code in spec.required,
            terms=terms.get(column.code, ()),
            longest=100 if column.code == "document_number" else 200,
        )
        for column in heads
        if column.code != "name"
    ]
    # A register's own column names win over the ignorable ones (编号 is a certificate number here).
    return _table(f"registers:{kind}", [*_base(holders), *own, *_ignored()], spec)


def _table(kind: str, fields: list[Field], register: RegisterSpec | None = None) -> Table:
    return Table(kind, {item.code: item for item in fields}, register, register.categories if register else ())
