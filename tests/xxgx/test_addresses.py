"""What is printed on papers and in mails leads back to the site that made it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"XXGX_DEMO_SITE": "127.0.0.1:8123"}, "http://127.0.0.1:8123"),  # make demo PORT=8123
        ({"XXGX_DEMO_SITE": "127.0.0.1:8123", "SITE_URL": "https://jifen.example"}, "https://jifen.example"),
    ],
)
def test_links_lead_to_the_port_the_demo_is_served_at(said, expected, tmp_path):
    keep = {name: value for name, value in os.environ.items() if name not in {"SITE_URL", "XXGX_DEMO_SITE"}}
    environment = keep | {"XXGX_DEMO": "1", "XXGX_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "xxgx.settings"} | said
    asked = "from django.conf import settings; print(settings.SITE_URL)"
    told = subprocess.run([sys.executable, "-c", asked], env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)  # fmt: skip  # noqa: S603
    assert told.stdout.strip() == expected
