"""Rows to arrays and back: the only bridge between the database and the engine."""

from scoring.assembly.loading import Loaded, load_cohort, normalised
from scoring.assembly.saving import save

__all__ = ["Loaded", "load_cohort", "normalised", "save"]
