"""Named reads; each starts from ``visible_to(user)``: what this person may see at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from firms.querysets import READS_ALL

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User
    from scoring.models import Run


def reads_unpublished(user: User | AnonymousUser) -> bool:
    """Office, leaders and departments see trial runs; everyone else only what is published."""
    return bool(user.is_authenticated and user.is_active and user.role in READS_ALL | {"department"})


def _is_office(user: User | AnonymousUser) -> bool:
    return bool(user.is_authenticated and user.is_active and user.role == "office")


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

    def visible_to(self, user: User | AnonymousUser, pinned: Run | None = None) -> ScoreQuerySet:
        """Rows of a ranking; the explanation of a row is guarded where the profile is made.

        ``pinned``: a run this request already got from a period or run visible to ``user``. The pointer is then not read
        a second time, so that a request sees one run throughout, whatever is published meanwhile.
        """
        scores = self.defer("detail")
        if pinned is not None:
            scores = scores.filter(run_id=pinned.pk)
        if reads_unpublished(user):
            return scores
        if pinned is not None:
            return scores.ranked()
        return scores.ranked().filter(run__period__published_run_id=models.F("run_id"))

    def matching(self, text: str) -> ScoreQuerySet:
        """Part of a name, pinyin initials, or the start of a credit code; ``text`` as ``assembly.normalised`` gives it."""
        if text.isascii() and text.isalnum():
            return self.filter(models.Q(search__contains=text) | models.Q(credit_code__startswith=text))
        return self.filter(search__contains=text)

    def of_candidates(self, text: str) -> ScoreQuerySet:
        """Rows of the firms an index finds for ``text``; all rows where there is no such index. Narrow with ``matching``."""
        bigrams = sorted({text[i : i + 2] for i in range(len(text) - 1)})
        if connection.vendor != "postgresql" or not bigrams:
            return self
        sql = "SELECT id FROM firms_firm WHERE firm_bigrams(name::text, name_initials::text) @> %s::text[]"
        params: list[object] = [bigrams]
        if text.isascii() and text.isalnum():
            # A second query, not an OR: that would compute the bigrams of every firm found once more.
            sql += " UNION SELECT id FROM firms_firm WHERE credit_code LIKE %s"
            params.append(f"{text}%")
        firms = RawSQL(sql, params)  # noqa: S611  (the text travels as a parameter)
        return self.filter(firm_id__in=firms)


class AnnouncementQuerySet(models.QuerySet):
    def published(self) -> AnnouncementQuerySet:
        return self.filter(state="published")

    def visible_to(self, user: User | AnonymousUser) -> AnnouncementQuerySet:
        """Everybody reads what is published; drafts and what was taken down are the office's."""
        return self if _is_office(user) else self.published()


class AnnouncementFileQuerySet(models.QuerySet):
    def attached(self) -> AnnouncementFileQuerySet:
        return self.filter(removed_at__isnull=True)

    def visible_to(self, user: User | AnonymousUser) -> AnnouncementFileQuerySet:
        """Everybody reads what hangs on a published announcement; all others, and those removed, are the office's."""
        return self if _is_office(user) else self.attached().filter(announcement__state="published")


class HonourListQuerySet(models.QuerySet):
    def in_force(self) -> HonourListQuerySet:
        """Those of the very run their period shows now."""
        return self.filter(withdrawn_at__isnull=True, run__period__published_run_id=models.F("run_id"))


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> SavedViewQuerySet:
        """One's own and what colleagues share."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.filter(models.Q(owner=user) | models.Q(shared=True))


class CertificateQuerySet(models.QuerySet):
    def in_force(self) -> CertificateQuerySet:
        return self.filter(revoked_at__isnull=True)


class BudgetQuerySet(models.QuerySet):
    def with_spent(self) -> BudgetQuerySet:
        """Each with ``spent``: what was paid out of it and not voided, in 万元."""
        paid = models.Sum("payments__amount", filter=models.Q(payments__voided_at__isnull=True))
        zero = models.Value(0, output_field=models.DecimalField(max_digits=14, decimal_places=4))
        return self.annotate(spent=Coalesce(paid, zero))
