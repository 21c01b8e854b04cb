"""The page of notices."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.pagination import page_of
from catalog.social import notices

NOTICES_PER_PAGE = 30


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the notices of this person, the newest first, and mark them as seen."""
    user = account(request)
    page = page_of(request, notices.of(user), NOTICES_PER_PAGE)
    if request.method == "GET" and any(notice.seen_at is None for notice in page):
        notices.mark_seen(user)
    return render(request, "library/notices.html", {"page": page})
