"""多维检索: a question asked by somebody, answered with what that person may see (``ask``); for files, all of it (``whole``)."""

from scoring.services.analysis.asking import ask, fields_for, may_ask, problems_of, understood, whole
from scoring.services.analysis.result import Cell, Head, PeriodView, Preparing, Result, Row, Step

__all__ = [
    "Cell",
    "Head",
    "PeriodView",
    "Preparing",
    "Result",
    "Row",
    "Step",
    "ask",
    "fields_for",
    "may_ask",
    "problems_of",
    "understood",
    "whole",
]
