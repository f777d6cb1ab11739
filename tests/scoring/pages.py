"""What the page tests share: a published period, and a page's text as a reader sees it."""

import re
from html import unescape

from scoring.services import publish, rescore
from tests.scoring import zone


def published(count=12, year=2022, *, firms=None, by=None):
    """A period with its run published."""
    period = zone.make_period(count, year, firms=firms)
    run = rescore(period, by=by).run
    return publish(period, run, by=by)


def body(response):
    return response.content.decode()


def text(response):
    """The visible words: no scripts, no markup."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", body(response), flags=re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)))


def main(response):
    """The visible words of the page's own part, without header and footer."""
    html = body(response)
    return html[html.index("<main") : html.index("</main>")]
