"""Messages of the pages' scripts, sent with the page in its language; the scripts fill in ``{name}``."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Messages = dict[str, Promise]

SESSION_MESSAGES: Messages = {
    "sessionEnded": _("Your session has ended. Sign in and try again."),
    "signIn": _("Sign in"),
}

PLAYER_MESSAGES: Messages = SESSION_MESSAGES | {
    "play": _("Play"),
    "pause": _("Pause"),
    "loading": _("Loading"),
    "playing": _("Playing"),
    "paused": _("Paused at {time}"),
    "waiting": _("Waiting for the network"),
    "growing": _("Waiting for more of the song"),
    "ended": _("At the end"),
    "pressPlay": _("This browser lets no page play by itself. Press play."),
    "position": _("{time} of {length}"),
    "volume": _("{percent} percent"),
    "muted": _("{stem} muted"),
    "heard": _("{stem} on"),
    "alone": _("Only {stem}"),
    "loopFrom": _("Loop from here"),
    "loopTo": _("Loop to here"),
    "loopNone": _("End the loop"),
    "loopStart": _("Loop starts at {time}"),
    "loopEnd": _("Loop from {from} to {to}"),
    "loopOff": _("No loop"),
    "reset": _("All parts on"),
    "network": _("The parts could not be loaded. Check the connection and press play again."),
    "gone": _("These parts are no longer here. Load the page again."),
    "unplayable": _("This browser cannot play the parts. Try a newer one, or download them below."),
    "etaSeconds": _("about {n} s left"),
    "etaMinutes": _("about {n} min left"),
    "mixAll": _("All parts as they are"),
    "mixWithout": _("Without {stems}"),
    "mixOnly": _("Only {stems}"),
    "mixLevel": _("{stem} at {percent} %"),
    "mixMaking": _("Making it, {percent} %"),
    "mixReady": _("Ready. The download begins."),
    "fileWaiting": _("Many files are being made. Yours has to wait a little."),
    "fileOffline": _("The file could not be fetched. Check the connection and try again."),
    "starsThanks": _("{n} of 5 stars for {what}"),
    "starsBack": _("No stars for {what}"),
    "starsFailed": _("Your stars could not be kept. Try again."),
    "starsNone": _("Not rated yet"),
    "starsOne": _("{average} of 5, one rating"),
    "starsMany": _("{average} of 5, {n} ratings"),
}

UPLOAD_MESSAGES: Messages = SESSION_MESSAGES | {
    "chosen": _("Not sent yet"),
    "chosenOne": _("1 file is ready to be sent."),
    "chosenMany": _("{n} files are ready to be sent."),
    "leftOutOne": _("1 file of the folder is no audio and was left out."),
    "leftOutMany": _("{n} files of the folder are no audio and were left out."),
    "unreadable": _("These files could not be read. Try again, or choose them by name."),
    "waiting": _("Waits for its turn"),
    "checking": _("Looking whether we have it"),
    "checkingPart": _("Looking whether we have it, {percent} %"),
    "sending": _("Sending, {percent} %"),
    "reading": _("Listening to the file"),
    "known": _("We have this song already"),
    "kept": _("Kept. You can take it apart later."),
    "queued": _("In line, number {n}"),
    "running": _("Taking it apart, {percent} %"),
    "ready": _("Ready"),
    "failed": _("Could not be taken apart"),
    "stopped": _("Stopped"),
    "open": _("Play it"),
    "openTrack": _("Open its page"),
    "again": _("Try again"),
    "drop": _("Take off the list"),
    "stop": _("Stop"),
    "similar": _("Looks like {title}, which is here already"),
    "alike": _("This sounds like {title}, which is taken apart already."),
    "alikeMore": _("Your file is kept. It is taken apart only if you want that."),
    "openOther": _("Open its parts"),
    "takeMine": _("Take mine apart"),
    "etaSeconds": _("about {n} s left"),
    "etaMinutes": _("about {n} min left"),
    "offline": _("The connection broke off. Try again when you are online."),
    "refused": _("The server did not take this file. Try another format."),
    "tooLarge": _("This file is larger than {limit}. Save it as FLAC or MP3 and try again."),
    "throttled": _("That was a lot at once. Wait a minute and try again."),
    "server": _("The server had a problem. Try again in a minute."),
    "empty": _("This file is empty. Choose another."),
}


def translate(messages: Messages) -> dict[str, str]:
    """Translate ``messages`` into the language of the request."""
    return {name: str(message) for name, message in messages.items()}
