"""What each role may do in the back office, exactly; loaded into one group a role by ``manage.py load_roles``.

三员分立: the system administrator keeps accounts and machines going, the security administrator grants and unlocks,
the audit administrator reads the trail; none of the three sees business data, none can do another's part.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet

from firms.models import Role, User

V, A, C, D = "view", "add", "change", "delete"

GRANTS: dict[str, dict[str, tuple[str, ...]]] = {
    Role.OFFICE: {
        "firms.firm": (V, A, C),
        "firms.park": (V, A, C, D),
        "firms.industry": (V, A, C, D),
        "firms.department": (V, A, C),
        "firms.metric": (V, A, C),
        "firms.membership": (V,),
        "firms.registerentry": (V, A, C),
        "firms.datayear": (V,),
        "firms.filing": (V,),
        "firms.factsheet": (V,),
        "firms.importbatch": (V,),
        "firms.importrow": (V,),
        "firms.job": (V, C),
        "firms.fetch": (V,),
        "scoring.scheme": (V, A),
        "scoring.dimension": (V,),
        "scoring.indicator": (V,),
        "scoring.evaluationperiod": (V,),
        "scoring.run": (V,),
        "scoring.stagerecord": (V, A, C),
        "scoring.announcement": (V,),
        "scoring.honourlist": (V,),
        "scoring.certificate": (V,),
        "scoring.budget": (V,),
        "scoring.payment": (V,),
        "django_celery_beat.periodictask": (V, C),
        "django_celery_beat.crontabschedule": (V,),
    },
    Role.DEPARTMENT: {
        "firms.firm": (V,),
        "firms.metric": (V,),
        "firms.registerentry": (V, A, C),
        "firms.filing": (V,),
        "firms.importbatch": (V,),
    },
    Role.SYSTEM: {
        "firms.user": (V, A, C),
        "firms.department": (V, A, C),
        "firms.job": (V, C),
        "django_celery_beat.periodictask": (V, C),
        "django_celery_beat.crontabschedule": (V,),
    },
    Role.SECURITY: {
        "firms.user": (V, C),
        "firms.membership": (V, A, D),
        "axes.accessattempt": (V, D),
    },
    Role.AUDIT: {
        "firms.auditentry": (V,),
        "axes.accessattempt": (V,),
        "axes.accesslog": (V,),
    },
    # These three work on the pages made for them and never in the back office.
    Role.LEADER: {},
    Role.FIRM: {},
    Role.BANK: {},
}


@transaction.atomic
def load() -> int:
    """Make the groups hold exactly ``GRANTS``: what is missing is added, what is too much is taken away.

    Returns the number of groups that had to change.
    """
    known = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.values_list("content_type__app_label", "codename", "pk")
    }
    changed = 0
    for role, models in GRANTS.items():
        wanted = {
            known[f"{app}.{action}_{model}"]
            for label, actions in models.items()
            for app, model in [label.split(".")]
            for action in actions
        }
        group, created = Group.objects.get_or_create(name=str(role))
        if created or wanted != set(group.permissions.values_list("pk", flat=True)):
            group.permissions.set(wanted)
            changed += 1
    Group.objects.exclude(name__in=[str(role) for role in GRANTS]).delete()
    return changed


class RoleBackend(ModelBackend):
    """An account's permissions are its role's, and nothing else can add to them.

    Read from ``User.role`` itself, so that a role and its permissions cannot drift apart; groups and permissions
    hung on single accounts count for nothing, and a superuser cannot exist (``user_never_superuser``).
    """

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.filter(group__name=user_obj.role)

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.none()

    def get_user(self, user_id: Any) -> User | None:
        # The department and the firms are asked for on nearly every page: one query, not two.
        try:
            user = User._default_manager.select_related("department").get(pk=user_id)
        except User.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None
