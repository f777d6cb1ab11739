from scoring.models.period import EvaluationPeriod
from scoring.models.run import Run, RunSlice
from scoring.models.scheme import Dimension, Indicator, Scheme
from scoring.models.score import Score
from scoring.models.stage import StageRecord

__all__ = ["Dimension", "EvaluationPeriod", "Indicator", "Run", "RunSlice", "Scheme", "Score", "StageRecord"]
