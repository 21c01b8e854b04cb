"""Pages about one's own account."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accounts.language import remember
from accounts.models import User
from accounts.pending_action import login_required
from accounts.people import person

UPLOADS_PER_PAGE = 25


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no generics when it runs
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As my browser asks for")), *settings.LANGUAGES],
        required=False,
    )

    class Meta:
        model = User
        fields = ["display_name", "language", "mail_notices"]
        labels = {"display_name": gettext_lazy("Your name"), "mail_notices": gettext_lazy("E-mail me")}
        help_texts = {"display_name": gettext_lazy("What others see beside your songs.")}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name and language, how much is stored, and what this person has brought."""
    user = User.objects.get(pk=person(request).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        if user.language:
            translation.activate(user.language)
        messages.success(request, _("Saved."))
        response = redirect("profile")
        remember(response, user.language)
        return response
    uploads = user.uploads.select_related("track__artist", "audio")
    page = Paginator(uploads, UPLOADS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "quota": settings.QUOTA_BYTES, "stored": user.stored_bytes}
    return render(request, "accounts/profile.html", context)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages; an account keeps the choice for its next sign-in."""
    wanted = request.POST.get("language", "")
    if request.user.is_authenticated and wanted in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=wanted)
    return set_language(request)
