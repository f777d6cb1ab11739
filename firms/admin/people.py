"""Accounts, by two hands (三员分立): the system administrator opens, the security administrator grants and enables."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.admin.base import OfficeAdmin, StampedForm
from firms.models import ADMINISTRATORS, Firm, Membership, Role, User
from firms.services import accounts, members, totp

IDENTITY = ("username", "name", "phone", "email")
GRANT = ("role", "department", "is_active")
# Whoever could reset these passwords could become these persons.
SEPARATE = frozenset({Role.SECURITY, Role.AUDIT})


class AccountForm(StampedForm):
    def clean_role(self) -> str:
        """Who keeps the system does not come to work in it by a change of role, nor the other way round, nor swap duties."""
        role, before = self.cleaned_data["role"], self.initial.get("role")
        if role != before and {role, before} & ADMINISTRATORS:
            raise ValidationError(_("管理员账号与业务账号之间、各管理员之间不得互换角色；请停用此账号，另开新账号。"))
        return role


class AccountCreationForm(UserCreationForm):
    class Meta(UserCreationForm.Meta):
        model = User
        fields = (*IDENTITY, "role", "department")


@admin.register(User)
class AccountAdmin(OfficeAdmin, UserAdmin):
    form = AccountForm
    add_form = AccountCreationForm
    add_form_template = None  # Django's own says a sentence in English
    list_display = ("username", "name", "role", "department", "is_active", "second_factor", "last_login")
    list_filter = ("role", "is_active", "department")
    list_select_related = ("department",)
    search_fields = ("username", "name", "phone")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "must_change_password")
    actions = ("reset_second_factor",)
    fieldsets = (
        (None, {"fields": IDENTITY}),
        ("授权（安全管理员）", {"fields": GRANT}),
        ("登录", {"fields": ("last_login", "date_joined", "must_change_password")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (*IDENTITY, "role", "department", "password1", "password2"),
                "description": "新账号建立后为停用状态，由安全管理员核对角色后启用。",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(has_second_factor=Exists(devices))

    @admin.display(description="动态口令", boolean=True)
    def second_factor(self, user: User) -> bool:
        return user.has_second_factor

    def has_reset_second_factor_permission(self, request: HttpRequest) -> bool:
        return request.user.role == Role.SECURITY

    @admin.action(description="重置所选账号的动态口令（向本人核实后）", permissions=["reset_second_factor"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            totp.reset(user, by=request.user)  # type: ignore[arg-type]
        messages.success(request, _("已重置：本人下次仅凭密码登录，须重新启用动态口令。"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        own = IDENTITY if request.user.role == Role.SECURITY else GRANT
        # Nobody grants themselves anything.
        mine = GRANT if obj.pk == request.user.pk else ()
        return tuple(dict.fromkeys((*self.readonly_fields, *own, *mine)))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_active = False
        super().save_model(request, obj, form, change)
        if not change:
            accounts.given_by_another(obj, by=request.user, opened=True)  # type: ignore[arg-type]
            messages.info(request, _("账号已建立，待安全管理员启用。"))
        elif "email" in form.changed_data and obj.pk != request.user.pk:
            accounts.email_given_by_another(obj, by=request.user)  # type: ignore[arg-type]
            messages.warning(request, _("邮箱可用来重设密码，账号已停用：待安全管理员向本人核实后启用。"))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Give another person a new password. It is of no use to whoever gave it: see ``accounts.given_by_another``."""
        user = self.get_object(request, id)
        if request.user.role != Role.SYSTEM or user is None or user.role in SEPARATE:
            raise PermissionDenied
        if user.pk == request.user.pk:
            return redirect("firms:password_change")  # one's own by the page that asks for the old one
        before = user.password
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            user.refresh_from_db(fields=["password"])
            if user.password != before:
                accounts.given_by_another(user, by=request.user)  # type: ignore[arg-type]
                messages.warning(
                    request, _("密码已重置，账号已停用：待安全管理员向本人核实后启用，首次登录须修改密码。")
                )
        return response


class MembershipForm(StampedForm):
    """By names typed in: the security administrator grants without browsing the firms' data."""

    username = forms.CharField(label="账号")
    credit_code = forms.CharField(label="统一社会信用代码", max_length=18)

    class Meta:
        model = Membership
        fields = ("kind",)

    def clean_username(self) -> str:
        user = User.objects.filter(username=self.cleaned_data["username"], role=Role.FIRM).first()
        if user is None:
            raise ValidationError(_("没有这个企业账号。"))
        self.instance.user = user
        return user.username

    def clean_credit_code(self) -> str:
        firm = Firm.objects.filter(credit_code=self.cleaned_data["credit_code"].strip().upper()).first()
        if firm is None:
            raise ValidationError(_("没有这个统一社会信用代码的企业。"))
        self.instance.firm = firm
        return firm.credit_code

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        user, firm = self.instance.user_id, self.instance.firm_id
        if user and firm and Membership.objects.filter(user_id=user, firm_id=firm).exists():
            raise ValidationError(_("该账号已关联此企业。"))
        return cleaned


@admin.register(Membership)
class MembershipAdmin(OfficeAdmin):
    form = MembershipForm
    fields = ("username", "credit_code", "kind")
    list_display = ("user", "firm", "kind")
    list_filter = ("kind",)
    list_select_related = ("user", "firm")
    search_fields = ("user__username", "user__name", "firm__credit_code", "firm__name")

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        members.revoke_sent(obj, by=request.user)  # type: ignore[arg-type]
        super().delete_model(request, obj)
        accounts.end_sessions(obj.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # withdraw one and grant another: two entries in the trail, not one rewritten
