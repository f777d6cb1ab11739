"""What changes judgements: schemes loaded, periods opened and locked, runs computed, results published."""

from scoring.services.periods import lock, open_period, unlock
from scoring.services.publication import StaleVersion, publish, withdraw
from scoring.services.runs import RescoreResult, rescore
from scoring.services.schemes import load_scheme
from scoring.services.stages import state_stage

__all__ = [
    "RescoreResult",
    "StaleVersion",
    "load_scheme",
    "lock",
    "open_period",
    "publish",
    "rescore",
    "state_stage",
    "unlock",
    "withdraw",
]
