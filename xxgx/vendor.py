"""Serve front-end packages straight from ``node_modules``; nothing third-party is committed.

Only the files named here exist for the site, each at ``vendor/<path inside node_modules>``. Where npm could not
be reached a file is simply absent, and ``{% vendor_css %}``/``{% vendor_js %}`` print nothing for it: every page
still works, each chart has its table, and static/css/fallback.css gives the layout its bones.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

PREFIX = "vendor"
FILES = (
    "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap/dist/css/bootstrap.min.css.map",
    "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap/dist/js/bootstrap.bundle.min.js.map",
    "bootstrap-icons/font/bootstrap-icons.min.css",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff2",
    "echarts/dist/echarts.common.min.js",
    "echarts/dist/echarts.min.js",
    "htmx.org/dist/htmx.min.js",
)


def packages() -> Path:
    return Path(settings.BASE_DIR) / "node_modules"


def available(path: str) -> bool:
    """Whether ``path`` (inside node_modules) is one of ours and has been fetched."""
    return path in FILES and (packages() / path).is_file()


class VendorFinder(BaseFinder):
    """Finds exactly ``FILES``; ``collectstatic`` copies what is there of them."""

    def check(self, **kwargs) -> list:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs) -> list[str] | str:  # type: ignore[override]
        find_all = kwargs.get("all", find_all)
        prefix, _, rest = path.replace("\\", "/").partition("/")
        if prefix != PREFIX or not available(rest):
            return []
        found = str(packages() / rest)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        storage = FileSystemStorage(location=packages())
        storage.prefix = PREFIX  # type: ignore[attr-defined]  # collectstatic reads it
        for path in FILES:
            if available(path) and not matches_patterns(path, ignore_patterns or []):
                yield path, storage
