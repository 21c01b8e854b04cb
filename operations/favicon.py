"""``/favicon.ico``: where browsers look for an icon on pages that name none, such as the admin site's."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # required of views
    """Redirect to the icon that our own pages name."""
    return HttpResponseRedirect(static("img/mark.svg"))
