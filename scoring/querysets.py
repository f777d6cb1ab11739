"""Named reads; each starts from ``visible_to(user)``: what this person may see at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, models
from django.db.models.expressions import RawSQL

from firms.querysets import READS_ALL

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User
    from scoring.models import Run


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
