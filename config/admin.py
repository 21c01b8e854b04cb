"""The admin panel of this installation: its front page tells how things are."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from config import dashboard


class Site(admin.AdminSite):
    site_header = site_title = "Stemoteca"
    index_title = _("Status")
    index_template = "admin/dashboard.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        told = {} if request.user.is_anonymous else dashboard.now(request.user)
        return super().index(request, {"told": told, **(extra_context or {})})

    def password_change(  # type: ignore[override]  # Django's own answers with a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """Lead to the website's page, which limits how often the old password may be tried."""
        return redirect("account_change_password")
