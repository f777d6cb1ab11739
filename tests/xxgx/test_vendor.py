"""Front-end packages: exactly the named files, and nothing breaks where they could not be fetched."""

import pytest
from django.template import Context, Template

from xxgx.vendor import FILES, VendorFinder

TAGS = "{% load vendor %}{% vendor_css 'bootstrap/dist/css/bootstrap.min.css' %}{% vendor_js 'htmx.org/dist/htmx.min.js' %}"


@pytest.fixture
def packages(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    for name in (FILES[0], "bootstrap/package.json"):
        path = tmp_path / "node_modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "node_modules"


def test_a_named_file_is_found_under_the_prefix(packages):
    finder = VendorFinder()
    assert finder.find(f"vendor/{FILES[0]}") == str(packages / FILES[0])
    assert finder.find(f"vendor/{FILES[0]}", find_all=True) == [str(packages / FILES[0])]


@pytest.mark.parametrize(
    "path", ["vendor/bootstrap/package.json", FILES[0], "vendor/../manage.py", "vendor/", "", f"vendor/{FILES[-1]}"]
)
def test_nothing_else_is(packages, path):
    assert VendorFinder().find(path) == []


def test_collecting_copies_what_is_there(packages):
    found = list(VendorFinder().list(None))
    assert [path for path, _storage in found] == [FILES[0]]
    assert found[0][1].prefix == "vendor"
    assert found[0][1].exists(FILES[0])


def test_tags_print_links_for_what_is_there_and_nothing_else(packages):
    html = Template(TAGS).render(Context())
    assert f'href="/static/vendor/{FILES[0]}"' in html
    assert "<script" not in html
    (packages / FILES[0]).unlink()
    assert Template(TAGS).render(Context()) == ""
