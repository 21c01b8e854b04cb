"""Accounts in the admin site, by e-mail address, with what each of them stores.

Only superusers change permissions, passwords and addresses. Staff with permission to change accounts may rename and
close those of people who are not staff: otherwise they could become, or sign in as, anybody.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist import admin as _token_pages  # noqa: F401 (registers them now)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.admin_lists import ValidatedList
from accounts.models import User

# The pages of tokens would show valid ones. Those of groups and addresses are registered below, for superusers only.
for table in (OutstandingToken, BlacklistedToken, Group, EmailAddress):
    admin.site.unregister(table)

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    AccountAdminBase = UserAdmin[User]
else:
    CreationForm, ChangeForm, AccountAdminBase = AdminUserCreationForm, UserChangeForm, UserAdmin


def is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


class SuperusersOnly:
    """Restrict a model's pages to superusers."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


@admin.register(Group)
class PermissionGroupAdmin(SuperusersOnly, ValidatedList, GroupAdmin):
    """Groups, which carry permissions."""


@admin.register(EmailAddress)
class AddressAdmin(SuperusersOnly, ValidatedList, EmailAddressAdmin):
    """Addresses, by which an account can be given a new password."""


class AccountCreationForm(CreationForm):
    class Meta:
        model = User
        fields = ("email", "display_name")


class AccountChangeForm(ChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class AccountAdmin(ValidatedList, AccountAdminBase):
    form = AccountChangeForm
    add_form = AccountCreationForm
    ordering = ("email",)
    list_display = ("email", "display_name", "is_active", "is_staff", "stored", "date_joined")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "display_name")
    readonly_fields = ("stored", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "display_name", "language", "mail_notices", "stored")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "display_name", "usable_password", "password1", "password2")}),
    )
    staff_fieldsets = (
        (None, {"fields": ("email", "display_name", "language", "mail_notices", "stored", "is_active")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description=_("stored"), ordering="stored_bytes")
    def stored(self, user: User) -> str:
        return str(filesizeformat(user.stored_bytes))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or is_superuser(request):
            return super().get_fieldsets(request, obj)
        return self.staff_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None or is_superuser(request) else (*fixed, "email")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_change(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002  # Django's name
        if not is_superuser(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's
        """Replace all addresses of the account when its address changes: an old one could still reset the password."""
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """List the accounts alone: naming each of thousands of related rows would take a query for each."""
        names = [user.email for user in objs[:100]]
        kept = (
            {str(_("accounts of staff"))} if not all(_may_change(request, user) for user in objs) else set()
        )
        return names, {str(_("accounts")): len(objs)}, kept, []


def _may_change(request: HttpRequest, account: User | None) -> bool:
    """Return whether this person may change the account: superusers any, other staff those of non-staff."""
    return account is None or is_superuser(request) or not (account.is_staff or account.is_superuser)
