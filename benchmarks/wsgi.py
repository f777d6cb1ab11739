"""The site plus one empty view behind the same middleware: what a Django request costs at the least, here."""

from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.urls import path

from xxgx.wsgi import application

__all__ = ["application"]


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


import_module("xxgx.urls").urlpatterns.insert(0, path("bench-empty/", empty))
