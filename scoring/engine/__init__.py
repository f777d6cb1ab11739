"""The scoring engine: a scheme (a regulation as data) and a cohort (arrays) in, every intermediate out.

Pure: numpy and the standard library, no clock, no input or output. Format of schemes: docs/scheme-format.md.
"""

from scoring.engine.cohort import Cohort, CohortError, History, Registers
from scoring.engine.evaluate import STATUSES, Evaluation, evaluate
from scoring.engine.explain import Explanation, explain, explain_firm
from scoring.engine.indicators import STATES
from scoring.engine.inputs import input_digest
from scoring.engine.scheme import Scheme, SchemeError, parse_scheme

ENGINE_VERSION = "1.0.0"

__all__ = [
    "ENGINE_VERSION", "STATES", "STATUSES", "Cohort", "CohortError", "Evaluation", "Explanation", "History", "Registers", "Scheme",
    "SchemeError", "evaluate", "explain", "explain_firm", "input_digest", "parse_scheme",
]  # fmt: skip
