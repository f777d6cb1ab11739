"""Where a department's people start."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from firms.models import Role
from firms.presenters import department as present
from firms.views.guards import role_required


@role_required(Role.DEPARTMENT)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "coverage/department.html", {"home": present.department_home(request.user)})
