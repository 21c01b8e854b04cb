"""Pages about one's own account."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import EmailView, signup
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accounts.language import remember
from accounts.models import User
from accounts.pending_action import login_required
from accounts.people import person
from accounts.throttles import limited

UPLOADS_PER_PAGE = 25


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no generics when it runs
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("Same as my browser")), *settings.LANGUAGES],
        required=False,
    )

    class Meta:
        model = User
        fields = ["display_name", "language", "mail_notices"]
        labels = {
            "display_name": gettext_lazy("Your name"),
            "mail_notices": gettext_lazy("Notify me by e-mail"),
        }
        help_texts = {"display_name": gettext_lazy("The name that others see next to your songs.")}


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


sign_up = limited("register")(signup)


@method_decorator(login_required, name="dispatch")
class AddressesView(EmailView):
    """E-mail addresses: allauth's page, which asks for the password before it changes anything.

    Stricter in one thing: an address is signed in with only after it was confirmed, also where signing up needs no
    confirmation. Without a mail server the link is in the log, and the administrator may change the address as well.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._know_primary(person(request))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def _know_primary(self, user: User) -> None:
        """Accounts that were not made by signing up have no row yet that says which address they sign in with."""
        addresses = EmailAddress.objects.filter(user=user)
        if not addresses.filter(primary=True).exists():
            EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})

    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        address: EmailAddress | None = self._get_email_address(request)
        if address is None or address.primary:
            return None
        if not address.verified:
            messages.error(request, _("Confirm this address first: we have sent a link to it."))
            return None
        if User.objects.filter(email=address.email).exclude(pk=address.user_id).exists():
            messages.error(request, _("This address already has an account."))
            return None
        response: HttpResponse | None = super()._action_primary(request, *args, **kwargs)
        return response
