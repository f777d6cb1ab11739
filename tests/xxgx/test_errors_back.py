"""A refused form leads back to the page it was on, and nowhere else."""

import pytest
from django.urls import reverse

from firms.models import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("referer", "offered"),
    [
        ("http://testserver/office/", True),
        ("https://elsewhere.example/office/", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_back_is_a_page_of_ours(client, referer, offered):
    client.force_login(UserFactory(role=Role.OFFICE))
    headers = {"Referer": referer} if referer else {}
    response = client.post(reverse("scoring:open_period"), {"year": "1"}, headers=headers)
    assert response.status_code == 400
    body = response.content.decode()
    assert ("返回上一页</a>" in body) is offered
    assert "elsewhere" not in body
    assert "javascript:" not in body


@pytest.mark.parametrize("referer", ["", "http://testserver/office/", "https://elsewhere.example/"])
def test_an_address_of_another_host_is_refused_with_a_page(client, referer):
    headers = {"host": "elsewhere.example"} | ({"Referer": referer} if referer else {})
    response = client.get(reverse("scoring:rankings"), headers=headers)
    assert response.status_code == 400
    assert "返回首页" in response.content.decode()
    assert "elsewhere" not in response.content.decode()
