"""An account has what its role grants, and nothing that was added by hand."""

import pytest

from firms.models import Role, User
from xxgx import roles

pytestmark = pytest.mark.django_db


def test_an_account_has_its_roles_permissions_and_cannot_be_given_more(people):
    from django.contrib.auth.models import Group, Permission

    leader = people[Role.LEADER]
    leader.user_permissions.set(Permission.objects.all())
    leader.groups.set(Group.objects.all())
    leader = User.objects.get(pk=leader.pk)
    assert not leader.has_perm("firms.view_firm")
    assert leader.get_all_permissions() == set()


def test_load_roles_takes_back_what_was_added_by_hand(people):
    from django.contrib.auth.models import Group, Permission

    group = Group.objects.get(name="audit")
    group.permissions.add(Permission.objects.first())
    assert roles.load() == 1
    assert roles.load() == 0
