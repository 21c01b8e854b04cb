"""Buttons in rows of songs.

They are tags rather than templates because those took a third of the time of a list (``benchmarks catalogue``).
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models import Track
from catalog.selectors import Song
from catalog.templatetags.pictures import icon

register = template.Library()


@register.simple_tag
def heart(track: Track | Song, *, liked: bool) -> SafeString:
    """Render a button of the form that each page has once (base.html)."""
    return format_html(
        '<span class="like"><button type="submit" form="like" name="{}" value="{}" aria-pressed="{}"'
        ' aria-label="{}">{}{}</button></span>',
        "unlike" if liked else "like",
        track.pk,
        "true" if liked else "false",
        _("I like “%(title)s”") % {"title": track.title},
        icon("heart"),
        icon("loved"),
    )


@register.simple_tag
def queue_menu(track: Track | Song, artist: str, address: str) -> SafeString:
    """Render the menu of the mini player's queue, which a script fills (static/js/mini_player/queue_buttons.js)."""
    return format_html(
        '<details class="menu queue-menu" data-queue-song="{}" data-title="{}" data-artist="{}" data-address="{}">'
        '<summary aria-label="{}">{}</summary></details>',
        track.pk,
        track.title,
        artist,
        address,
        _("Play “%(title)s” later") % {"title": track.title},
        icon("more"),
    )
