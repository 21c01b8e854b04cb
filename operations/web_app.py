"""What browsers fetch of a site besides its pages: its icon, and how it is installed as an app."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

BACKGROUND = "#fbfaf7"


@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # required of views
    """Redirect to the icon that our own pages name."""
    return HttpResponseRedirect(static("img/mark.svg"))


@require_safe
@cache_control(private=True, max_age=3_600)
def manifest(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # required of views
    """Describe the app that browsers offer to install, after the W3C's Web Application Manifest."""
    return JsonResponse(
        {
            "id": reverse("home"),
            "name": "Stemoteca",
            "description": _("A shared library of separated music"),
            "start_url": reverse("home"),
            "scope": reverse("home"),
            "display": "standalone",
            "background_color": BACKGROUND,
            "theme_color": BACKGROUND,
            "icons": [
                {
                    "src": static(f"img/icon-{size}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for size in (192, 512)
                for purpose in ("any", "maskable")
            ],
            "shortcuts": [
                {"name": _("Add a song"), "url": reverse("upload")},
                {"name": _("Setlists"), "url": reverse("setlists")},
            ],
        },
        content_type="application/manifest+json",
    )
