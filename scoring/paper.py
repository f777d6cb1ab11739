"""A page as PDF by WeasyPrint. Imported only when one is asked for: all else works without pango and fonts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from firms.services.refusal import Refusal
from scoring.presenters.own.statement import Paper

SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)  # pt, until everything stands on one page


def statement_pdf(paper: Paper) -> bytes:
    """The 计分说明: one A4 page, the same bytes for the same certificate. Raises Refusal where PDFs cannot be made here."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (OSError, ImportError) as error:
        raise Refusal(
            "no_pdf", _("服务器暂时不能生成 PDF。"), hint=_("请联系系统管理员安装 pango 库和中文字体。"), status=503
        ) from error
    code = segno.make(paper.url, error="m", micro=False).svg_data_uri(scale=4, border=0, dark="#0d3b78")
    with translation.override("zh-hans"):
        text = render_to_string("own/paper.html", {"paper": paper, "qr": code, "demo": settings.DEMO})
    # Nothing is fetched: what the page needs is in it.
    page = HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=["data"]))
    for size in SIZES:
        document = page.render(stylesheets=[CSS(string=_look() + f"html {{ font-size: {size}pt }}")])
        if len(document.pages) == 1:
            break
    return document.write_pdf(pdf_identifier=paper.certificate.code.encode())


@cache
def _look() -> str:
    return Path(settings.BASE_DIR, "static", "css", "paper.css").read_text(encoding="utf-8")
