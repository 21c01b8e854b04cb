"""The URLs of the site."""

from django.contrib import admin
from django.urls import include, path

from accounts.api import LoginView
from catalog.uploads import policy
from config.docs import DocsView, SchemaView
from operations import web_app
from operations.monitoring import health
from operations.monitoring.metrics import metrics
from separation.api.quick import SeparateView

handler400 = "config.error_pages.bad_request"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"

separate = policy.accepts(policy.AUDIO)(SeparateView.as_view())

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", web_app.favicon, name="favicon"),
    path("app.webmanifest", web_app.manifest, name="manifest"),
    path("api/v1/", include("config.api_urls")),
    path("api/schema/", SchemaView.as_view(), name="api-schema"),
    path("api/docs/", DocsView.as_view(), name="api-docs"),
    path("api/login", LoginView.as_view(), name="simple-login"),
    path("api/login/", LoginView.as_view()),
    path("api/separate", separate, name="simple-separate"),
    path("api/separate/", separate),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("practice.urls")),
    path("", include("separation.urls")),
    path("accounts/", include("allauth.urls")),
]
