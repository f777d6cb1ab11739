"""May this person? Questions about who someone is; what the state allows is asked of services and policies.

Every function takes a user (signed in or not) and answers yes or no, without a query beyond the user's own row
unless it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings

from firms.models import Role, Source

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    from firms.models import Department, Firm, ImportBatch, Job, Metric, User

    Person = User | AnonymousUser | AbstractBaseUser

BACK_OFFICE = frozenset({Role.OFFICE, Role.DEPARTMENT, Role.SYSTEM, Role.SECURITY, Role.AUDIT})


def role_of(person: Person) -> str:
    """The role of an active account; empty for anonymous and disabled ones."""
    if not (person.is_authenticated and person.is_active):
        return ""
    return getattr(person, "role", "")


def may_enter_back_office(person: Person) -> bool:
    return role_of(person) in BACK_OFFICE


def may_import(person: Person) -> bool:
    """Upload workbooks at all: departments what they own, the office everything."""
    return role_of(person) in {Role.OFFICE, Role.DEPARTMENT}


def may_write_metric(person: Person, metric: Metric) -> bool:
    role = role_of(person)
    return role == Role.OFFICE or (role == Role.DEPARTMENT and metric.owner_id == person.department_id)  # type: ignore[union-attr]


def may_write_for(person: Person, department: Department | None) -> bool:
    """Write facts in a department's name: its own officers and the office."""
    role = role_of(person)
    if role == Role.OFFICE:
        return True
    return role == Role.DEPARTMENT and department is not None and department.pk == person.department_id  # type: ignore[union-attr]


def may_handle_batch(person: Person, batch: ImportBatch) -> bool:
    return may_write_for(person, batch.department)


def may_confirm_batch(person: Person, batch: ImportBatch) -> bool:
    """Who uploaded it; of public data, which nobody uploads, whoever may handle the department's batches."""
    if batch.uploaded_by_id is None:
        return batch.source == Source.PUBLIC and may_handle_batch(person, batch)
    return batch.uploaded_by_id == person.pk


def may_manage_connectors(person: Person) -> bool:
    """Define, test, run and switch sources of public data."""
    return role_of(person) == Role.OFFICE


def may_see_firm(person: Person, firm: Firm) -> bool:
    """See a firm's facts. One query for a firm's own account."""
    role = role_of(person)
    if role in {Role.OFFICE, Role.LEADER, Role.DEPARTMENT}:
        return True
    return role == Role.FIRM and firm.memberships.filter(user=cast("User", person)).exists()


def may_see_job(person: Person, job: Job) -> bool:
    role = role_of(person)
    return role in {Role.OFFICE, Role.SYSTEM} or bool(role and job.requested_by_id == person.pk)


def may_control_jobs(person: Person) -> bool:
    """Retry or cancel background work."""
    return role_of(person) in {Role.OFFICE, Role.SYSTEM}


def may_export(person: Person) -> bool:
    """Take rankings and lists away as a file; every export leaves an audit entry."""
    return role_of(person) in {Role.OFFICE, Role.LEADER, Role.DEPARTMENT}


def may_run_periods(person: Person) -> bool:
    """Open, rescore, publish, withdraw, lock: the office's own work."""
    return role_of(person) == Role.OFFICE


def may_read_unpublished(person: Person) -> bool:
    """Trial runs: the office, leaders and departments; everyone else sees what is published."""
    return role_of(person) in {Role.OFFICE, Role.LEADER, Role.DEPARTMENT}


def owes_second_factor(person: Person) -> bool:
    """Everybody but firms signs in with a second factor, where the site asks for it; firms may choose."""
    return settings.REQUIRE_TOTP and role_of(person) not in {"", Role.FIRM}


def may_manage_members(person: Person, firm: Firm) -> bool:
    """Invite, promote and remove a firm's accounts: the office, and the firm's own 管理员. One query for a firm's account."""
    role = role_of(person)
    if role == Role.OFFICE:
        return True
    return role == Role.FIRM and firm.memberships.filter(user=cast("User", person), kind="manager").exists()
