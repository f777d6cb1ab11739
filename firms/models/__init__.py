from firms.models.audit import AuditEntry, AuditHead
from firms.models.batch import ColumnMapping, ImportBatch, ImportRow
from firms.models.claim import Evidence, RegisterClaim
from firms.models.connector import Connector, Fetch
from firms.models.coverage import Coverage
from firms.models.department import Department
from firms.models.dispute import Decision, Objection
from firms.models.enrolment import Enrolment, Invitation
from firms.models.filing import DataYear, FactSheet, Filing, Source
from firms.models.firm import Firm, Industry, Membership, Park
from firms.models.job import Job
from firms.models.message import Mail, Message
from firms.models.metric import Metric
from firms.models.register import RegisterEntry
from firms.models.report import Extension, FirmReport, Reopening, ReportEvent
from firms.models.user import ADMINISTRATORS, Role, User

__all__ = [
    "ADMINISTRATORS",
    "AuditEntry",
    "AuditHead",
    "ColumnMapping",
    "Connector",
    "Coverage",
    "DataYear",
    "Decision",
    "Department",
    "Enrolment",
    "Evidence",
    "Extension",
    "FactSheet",
    "Fetch",
    "Filing",
    "Firm",
    "FirmReport",
    "ImportBatch",
    "ImportRow",
    "Industry",
    "Invitation",
    "Job",
    "Mail",
    "Membership",
    "Message",
    "Metric",
    "Objection",
    "Park",
    "RegisterClaim",
    "RegisterEntry",
    "Reopening",
    "ReportEvent",
    "Role",
    "Source",
    "User",
]
