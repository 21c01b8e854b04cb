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

from accounts.current_user import account
from accounts.language_cookie import set_language_cookie
from accounts.models import User
from accounts.security.pending_action import login_required
from accounts.security.throttles import throttle_posts

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
    """Show and change name and language; list what this person has uploaded and how much that stores."""
    user = User.objects.get(pk=account(request).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        if user.language:
            translation.activate(user.language)
        messages.success(request, _("Saved."))
        response = redirect("profile")
        set_language_cookie(response, user.language)
        return response
    uploads = user.uploads.select_related("track__artist", "audio")
    page = Paginator(uploads, UPLOADS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "quota": settings.QUOTA_BYTES, "stored": user.stored_bytes}
    return render(request, "accounts/profile.html", context)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages, and keep the choice in the account for the next sign-in."""
    wanted = request.POST.get("language", "")
    if request.user.is_authenticated and wanted in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=wanted)
    return set_language(request)


sign_up = throttle_posts("register")(signup)


@method_decorator(login_required, name="dispatch")
class AddressesView(EmailView):
    """E-mail addresses: allauth's page, which asks for the password before it changes anything.

    Stricter in one thing: only a confirmed address becomes the one to sign in with, even where registration needs no
    confirmation. Without a mail server the link is in the log, and the administrator may change the address as well.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._ensure_primary(account(request))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "action_primary" in request.POST and not self._may_become_primary(request):
            return redirect("account_email")
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def _ensure_primary(self, user: User) -> None:
        """Create the row of the primary address for accounts that no registration has made."""
        addresses = EmailAddress.objects.filter(user=user)
        if not addresses.filter(primary=True).exists():
            EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})

    def _may_become_primary(self, request: HttpRequest) -> bool:
        """Return whether the chosen address may be signed in with; add a message that says why not."""
        email = request.POST.get("email", "")
        address = EmailAddress.objects.filter(user=account(request), email=email).first()
        if address is None or address.primary:
            return False
        if not address.verified:
            messages.error(request, _("Confirm this address first: we have sent a link to it."))
            return False
        if User.objects.filter(email=address.email).exclude(pk=address.user_id).exists():
            messages.error(request, _("This address already has an account."))
            return False
        return True
