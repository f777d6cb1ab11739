"""Papers some of the demo's firms took: in force, and one taken back."""

from __future__ import annotations

from django.db import transaction

from firms.models import Membership, Role, User
from scoring.models import Certificate, EvaluationPeriod, Score
from scoring.services import certificates

OTHERS = 3  # firms beside those with an account, at the head of the ranking
REASON = "企业名称变更，重新开具前先行作废"


@transaction.atomic
def load_certificates() -> int:
    """Of the last published period; nothing where any paper was issued, so that what people did since stays."""
    period = EvaluationPeriod.objects.published().order_by("-year_id").first()
    office = User.objects.filter(role=Role.OFFICE, is_active=True).first()
    if period is None or office is None or Certificate.objects.exists():
        return 0
    ranked = Score.objects.filter(run=period.published_run_id).ranked().select_related("firm").order_by("position")
    accounts = {member.firm_id: member.user for member in Membership.objects.select_related("user").order_by("-pk")}
    made = [
        certificates.issue(score.firm, period.year_id, by=accounts[score.firm_id])
        for score in ranked.filter(firm__in=accounts)
    ]
    made += [
        certificates.issue(score.firm, period.year_id, by=office)
        for score in ranked.exclude(firm__in=accounts)[:OTHERS]
    ]
    certificates.revoke(made[-1], reason=REASON, by=office)
    return len(made)
