"""Whose page, of which period, and what of it this reader may see: the first question of every page here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from django.http import Http404

from firms.models import Firm
from firms.permissions import may_read_unpublished, may_see_firm
from scoring.assembly import spreads
from scoring.engine.alone import SINCE, Alone, Case, case
from scoring.engine.record import Record, unpack
from scoring.engine.scheme import Scheme, Stage
from scoring.models import EvaluationPeriod, Run, Score
from scoring.presenters.method import parsed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

FEWEST = 5  # other firms in a group; fewer would be recognised


@dataclass(frozen=True)
class Standing:
    """A firm and the score looked at. ``score`` None: not judged in any period this reader may see.

    ``scores``: one a period, latest first. ``trial``: the newest run instead of the published one was asked for.
    """

    firm: Firm
    score: Score | None
    scores: Sequence[Score]
    own: bool
    trial: bool
    may_try: bool

    @property
    def run(self) -> Run:
        assert self.score is not None
        return self.score.run

    @property
    def period(self) -> EvaluationPeriod | None:
        return self.score.run.period if self.score else None

    @property
    def published(self) -> bool:
        return self.score is not None and self.run.period.published_run_id == self.run.pk

    @property
    def name(self) -> str:
        return self.score.name if self.score else self.firm.name

    @property
    def ranked(self) -> bool:
        return self.score is not None and self.score.status == Score.Status.SCORED

    @property
    def year(self) -> int | None:
        return self.score.run.period.year_id if self.score else None

    @property
    def years(self) -> list[int]:
        return [score.run.period.year_id for score in self.scores]

    @cached_property
    def scheme(self) -> Scheme:
        return scheme_of(self.score)

    @cached_property
    def last(self) -> Score | None:
        """The scored period the one looked at is compared with: the last published one, for every reader the same; that of a
        trial where none is."""
        earlier = self.earlier(self.score)
        published = (item for item in earlier if item.run.period.published_run_id == item.run_id)
        return next(published, earlier[0] if earlier and not self.published else None)

    @cached_property
    def details(self) -> dict[int, bytes]:
        """The records of the scores that are looked at, compared, and before these, in one query."""
        compared = [self.score, *([self.last] if self.last else [])]
        before = [item.pk for score in compared for item in [score, *self.earlier(score)[:1]]]
        rows = Score.objects.filter(pk__in=before).order_by().values_list("pk", "detail")
        return {pk: bytes(detail) for pk, detail in rows}

    @property
    def detail(self) -> bytes:
        return self.details[self.score.pk]

    def earlier(self, score: Score) -> list[Score]:
        """The scored periods before that of a score, latest first."""
        year = score.run.period.year_id
        return [item for item in self.scores if item.run.period.year_id < year and item.status == Score.Status.SCORED]

    @cached_property
    def record(self) -> Record:
        return unpack(self.scheme, self.detail)

    @property
    def stage(self) -> Stage:
        return self.scheme.stages[self.record.stage]

    @cached_property
    def case(self) -> Case:
        return self.case_of(self.score)

    def case_of(self, score: Score) -> Case:
        """The inputs a score was made from; the beginning of its stage from the period before, where only that one knows."""
        period = score.run.period
        return case(
            scheme_of(score), self.details[score.pk], key=score.credit_code, year=period.year_id, as_of=period.as_of,
            since=self._since(score),
        )  # fmt: skip

    def _since(self, score: Score) -> float:
        """Since when the firm was in the stage of its last scored period: there it says so, or had just come into it."""
        last = next(iter(self.earlier(score)), None)
        if last is None:
            return float("nan")
        since = unpack(scheme_of(last), self.details[last.pk]).inputs.get(SINCE, float("nan"))
        if not np.isnan(since):
            return since
        return float(np.datetime64(last.run.period.as_of, "D").astype(np.int64))

    @cached_property
    def alone(self) -> Alone:
        """The firm to try changes on, the others as this run has them."""
        totals = spreads.totals(self.run, self.scheme)
        return Alone(self.scheme, self.run.references, self.case, totals)

    def peers(self, cluster: str = "") -> spreads.Group | None:
        """The firms of the same stage (and leading industry), own included; None where the others are fewer than ``FEWEST``."""
        found = spreads.group(self.run, self.scheme, self.score.stage, cluster)
        return found if found is not None and found.firms > FEWEST else None


@dataclass(frozen=True)
class Page:
    """What every page of this part of the site has: whose it is."""

    standing: Standing

    @property
    def own(self) -> bool:
        return self.standing.own


def standing(user: User | AnonymousUser, credit_code: str, year: int | None = None, trial: bool = False) -> Standing:
    """The firm for those who may see its facts; Http404 for everybody else. ``trial`` is ignored for who sees no trials."""
    firm = Firm.objects.select_related("park", "industry").filter(credit_code=credit_code).first()
    if firm is None or not may_see_firm(user, firm):
        raise Http404
    may_try = may_read_unpublished(user)
    trial = trial and may_try
    scores = scores_of(user, firm, True, trial)
    score = next((item for item in scores if item.run.period.year_id == year), scores[0] if scores else None)
    return Standing(firm, score, scores, getattr(user, "role", "") == "firm", trial, may_try)


def scores_of(user: User | AnonymousUser, firm: Firm, explains: bool, trial: bool = False) -> list[Score]:
    """One score a period, latest first: of the published run, or of the newest run where the reader sees trials and nothing is
    published or ``trial`` is asked for."""
    scores = Score.objects.filter(firm=firm).select_related("run__period", "run__scheme").defer("detail")
    if explains and not may_read_unpublished(user):  # its own firm, also where it is not ranked
        scores = scores.filter(run__in=Run.objects.visible_to(user))
    else:
        scores = scores.visible_to(user).filter(run__state=Run.State.COMPLETE)
    latest: dict[int, Score] = {}
    for score in scores.order_by("-run__period__year_id", "-run_id"):
        year, published = score.run.period.year_id, score.run.period.published_run_id
        if year not in latest or (score.run_id == published and not trial):
            latest[year] = score
    return list(latest.values())


def scheme_of(score: Score) -> Scheme:
    """The scheme a score was judged by. ``score`` with run and scheme."""
    return parsed(score.run.scheme_sha256, score.run.scheme.text)


def segments(items: Sequence[tuple[str, Any]]) -> list[tuple[str, Any] | None]:
    """(scheme digest, value) a period in order, with a None wherever the scheme is another one than before: a visible break."""
    found: list[tuple[str, Any] | None] = []
    for i, item in enumerate(items):
        if i and items[i - 1][0] != item[0]:
            found.append(None)
        found.append(item)
    return found
