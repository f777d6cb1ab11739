"""计分说明 of the demo cannot be taken for a real one."""

import pytest

from scoring import paper
from tests.scoring.test_certificates import paper_of, w  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("demo", [True, False])
def test_the_paper_of_the_demo_says_so(w, settings, monkeypatch, demo):  # noqa: F811
    settings.DEMO = demo
    written = []
    monkeypatch.setattr(paper, "render_to_string", lambda name, said: written.append(render(name, said)) or written[-1])
    assert paper.statement_pdf(paper_of(w)).startswith(b"%PDF-")
    assert ("演示数据" in written[0]) is demo


render = paper.render_to_string
