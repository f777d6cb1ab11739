"""What can be asked about a firm in a period: one ``Field`` each, with a code that stays the same over the years.

Codes: ``firm.name`` ``firm.credit_code`` ``firm.stage`` ``firm.cluster`` ``firm.industry`` ``firm.park`` ``firm.status``
``firm.founded`` · ``score.total`` ``score.rank`` ``score.stage_rank`` ``score.industry_rank`` ``score.grade``
``score.deductions`` ``score.bonus`` · ``dimension.<code>`` · ``points.<indicator>`` ``value.<indicator>`` ·
``metric.<code>`` · ``register.<kind>`` ``register.<kind>.<category or level>`` ``register.<kind>.amount`` ·
``qualification.<category>`` · ``change.total`` ``change.rank``. Any of them with ``@-k`` behind is the same firm's figure
k evaluation periods earlier (``score.total@-1``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NUMBER, CHOICE, FLAG, TEXT, DATE = "number", "choice", "flag", "text", "date"
KINDS = (NUMBER, CHOICE, FLAG, TEXT, DATE)
EARLIEST = 4  # periods one may look back from a period

_MEASURED = ("eq", "ne", "lt", "le", "gt", "ge", "between", "known", "unknown")
# What may be asked of a kind. Of a text: the words it contains, or a list of whole texts (names or codes pasted in).
OPS: Mapping[str, tuple[str, ...]] = {
    NUMBER: (*_MEASURED, "top", "bottom"),
    DATE: (*_MEASURED, "top", "bottom"),
    CHOICE: ("in", "not_in", "known", "unknown"),
    FLAG: ("is", "known", "unknown"),
    TEXT: ("contains", "in", "known", "unknown"),
}
STATISTICS = ("count", "sum", "mean", "median", "p10", "p25", "p75", "p90", "min", "max", "share")
GROUPABLE = frozenset({CHOICE, FLAG, NUMBER, DATE})  # numbers and dates by bands

_EARLIER = re.compile(r"(?P<code>.+)@-(?P<back>[1-9])")


@dataclass(frozen=True)
class Field:
    """``label`` and ``unit`` in words; ``topic`` groups fields for choosing; ``choices``: (code, label) of a choice in order.

    ``decimals``: how many to show of a number. ``hint``: what the figure is, where its name does not say it.
    """

    code: str
    label: str
    kind: str
    unit: str = ""
    topic: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    decimals: int = 2
    hint: str = ""

    @property
    def ops(self) -> tuple[str, ...]:
        return OPS[self.kind]

    @property
    def groupable(self) -> bool:
        return self.kind in GROUPABLE

    @property
    def needs_bands(self) -> bool:
        """Whether firms can be grouped by it only in bands somebody chose."""
        return self.kind in (NUMBER, DATE)

    @property
    def measurable(self) -> bool:
        """Whether sums and quantiles of it mean anything."""
        return self.kind == NUMBER


def base(code: str) -> tuple[str, int]:
    """``score.total@-2`` → (``score.total``, 2); a code of the period itself has 0."""
    found = _EARLIER.fullmatch(code)
    return (found["code"], int(found["back"])) if found else (code, 0)


def earlier(code: str, back: int) -> str:
    """The code of the figure ``back`` periods before."""
    return f"{code}@-{back}" if back else code
