"""Rows to arrays and back: the only bridge between the database and the engine."""

from scoring.assembly.load import Loaded, load_cohort, normalised
from scoring.assembly.save import save

__all__ = ["Loaded", "load_cohort", "normalised", "save"]
