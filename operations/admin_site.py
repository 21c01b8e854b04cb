"""The admin site, whose front page shows the dashboard."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from operations import dashboard


class Site(admin.AdminSite):
    site_header = site_title = "Stemoteca"
    index_title = _("Status")
    index_template = "admin/dashboard.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        status = {} if request.user.is_anonymous else dashboard.status(request.user)
        return super().index(request, {"status": status, **(extra_context or {})})

    def password_change(  # type: ignore[override]  # Django's returns a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """Redirect to the website's page, which limits attempts at the old password."""
        return redirect("account_change_password")
