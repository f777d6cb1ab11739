"""Named reads; each starts from ``visible_to(user)``: what this person may see at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from firms.querysets import READS_ALL

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User


def reads_unpublished(user: User | AnonymousUser) -> bool:
    """Office, leaders and departments see trial runs; everyone else only what is published."""
    return bool(user.is_authenticated and user.is_active and user.role in READS_ALL | {"department"})


class EvaluationPeriodQuerySet(models.QuerySet):
    def published(self) -> EvaluationPeriodQuerySet:
        return self.filter(published_run__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> EvaluationPeriodQuerySet:
        return self if reads_unpublished(user) else self.published()


class RunQuerySet(models.QuerySet):
    def complete(self) -> RunQuerySet:
        return self.filter(state="complete")

    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        if reads_unpublished(user):
            return self.complete()
        return self.complete().filter(period__published_run_id=models.F("id"))


class ScoreQuerySet(models.QuerySet):
    def ranked(self) -> ScoreQuerySet:
        return self.filter(position__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> ScoreQuerySet:
        """Rows of a ranking; the explanation of a row is guarded by ``policies.may_explain``."""
        if reads_unpublished(user):
            return self
        return self.ranked().filter(run__period__published_run_id=models.F("run_id"))
