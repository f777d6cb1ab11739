"""消息: what one was told. 邮件: what the system wrote to people, for the system administrator."""

from django.conf import settings
from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from firms.models import Mail, Message, Role
from firms.presenters import messages as presenters
from firms.services import links, mail, messages
from firms.views.guards import role_required
from firms.views.paging import number


@never_cache
@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    page = presenters.inbox(
        request.user, only_unread=request.GET.get("unread") == "1", before=number(request.GET.get("before", ""))
    )
    return render(request, "messages/inbox.html", {"page": page})


@login_required
@require_POST
def open_message(request: HttpRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    messages.read(message, by=request.user)
    return redirect(message.link or "firms:messages")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    messages.read_all(by=request.user)
    return redirect("firms:messages")


@never_cache
@require_safe
@role_required(Role.SYSTEM)
def mails(request: HttpRequest) -> HttpResponse:
    state, origin = request.GET.get("state", ""), f"{request.scheme}://{request.get_host()}"
    page = presenters.outbox(
        mail.in_state(state),
        state=state if state in presenters.STATES else "",
        before=number(request.GET.get("before", "")),
        state_of=mail.state_of,
        text_of=lambda row: links.resolved(row.body.replace(settings.SITE_URL, origin), origin=origin),
    )
    return render(request, "messages/mails.html", {"page": page})


@role_required(Role.SYSTEM)
@require_POST
def mail_retry(request: HttpRequest, pk: int) -> HttpResponse:
    if mail.retry(get_object_or_404(Mail, pk=pk), by=request.user):
        notices.success(request, _("已重新排队发送。"))
    return redirect("firms:mails")
