from scoring.models.announcement import Announcement, AnnouncementFile
from scoring.models.budget import Budget, Payment
from scoring.models.certificate import Certificate
from scoring.models.column import RunColumn
from scoring.models.honour import HonourList
from scoring.models.period import EvaluationPeriod
from scoring.models.run import Run, RunSlice
from scoring.models.saved_view import SavedView
from scoring.models.scheme import Dimension, Indicator, Scheme
from scoring.models.score import Score
from scoring.models.stage import StageRecord

__all__ = [
    "Announcement",
    "AnnouncementFile",
    "Budget",
    "Certificate",
    "Dimension",
    "EvaluationPeriod",
    "HonourList",
    "Indicator",
    "Payment",
    "Run",
    "RunColumn",
    "RunSlice",
    "SavedView",
    "Scheme",
    "Score",
    "StageRecord",
]
