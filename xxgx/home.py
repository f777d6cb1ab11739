"""After signing in: each role starts where its work is."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static

from firms.models import Role
from firms.permissions import role_of

HOMES = {
    Role.FIRM: "firms:workbench",
    Role.DEPARTMENT: "firms:department",
    Role.OFFICE: "scoring:office",
    Role.LEADER: "scoring:leader",
    Role.BANK: "scoring:overview",
    Role.SYSTEM: "admin:index",
    Role.SECURITY: "admin:index",
    Role.AUDIT: "admin:index",
}


def favicon(request: HttpRequest) -> HttpResponse:
    """For browsers that ask for it by its old name, whatever the page's own link says."""
    return redirect(static("img/logo.svg"))


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return redirect(HOMES[Role(role_of(request.user))])
