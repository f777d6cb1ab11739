from firms.models.audit import AuditEntry, AuditHead
from firms.models.batch import ImportBatch, ImportRow
from firms.models.department import Department
from firms.models.filing import DataYear, FactSheet, Filing
from firms.models.firm import Firm, Industry, Membership, Park
from firms.models.job import Job
from firms.models.metric import Metric
from firms.models.register import RegisterEntry
from firms.models.user import ADMINISTRATORS, Role, User

__all__ = [
    "ADMINISTRATORS",
    "AuditEntry",
    "AuditHead",
    "DataYear",
    "Department",
    "FactSheet",
    "Filing",
    "Firm",
    "ImportBatch",
    "ImportRow",
    "Industry",
    "Job",
    "Membership",
    "Metric",
    "Park",
    "RegisterEntry",
    "Role",
    "User",
]
