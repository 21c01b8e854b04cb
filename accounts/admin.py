"""Accounts in the admin panel: by e-mail address, with what each of them stores."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist import admin as _their_pages  # noqa: F401 (registers them now)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.models import User

for table in (OutstandingToken, BlacklistedToken):  # their pages would show tokens that still open accounts
    admin.site.unregister(table)

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    AccountAdminBase = UserAdmin[User]
else:
    CreationForm, ChangeForm, AccountAdminBase = AdminUserCreationForm, UserChangeForm, UserAdmin


class AccountCreationForm(CreationForm):
    class Meta:
        model = User
        fields = ("email", "display_name")


class AccountChangeForm(ChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class AccountAdmin(AccountAdminBase):
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

    @admin.display(description=_("stored"), ordering="stored_bytes")
    def stored(self, user: User) -> str:
        return str(filesizeformat(user.stored_bytes))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Whom it is about; what goes along can be thousands of rows, each of which would take a query to name."""
        names = [user.email for user in objs[:100]]
        return names, {str(_("accounts")): len(objs)}, set(), []
