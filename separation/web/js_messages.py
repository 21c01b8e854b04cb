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
    "ended": _("End of the song"),
    "pressPlay": _("Your browser does not start playback by itself. Press play."),
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
    "stretched": _("Speed {speed} %, key {key}"),
    "cents": _("{cents} cents"),
    "speedStep": _("Speed {step} %"),
    "semitonesStep": _("{step} semitones"),
    "unstretchable": _("Speed and key could not be changed. Check the connection and try again."),
    "network": _("The parts could not be loaded. Check the connection and press play again."),
    "gone": _("These parts are no longer here. Load the page again."),
    "unplayable": _("This browser cannot play the parts. Try a newer one, or download them below."),
    "etaSeconds": _("about {n} s left"),
    "etaMinutes": _("about {n} min left"),
    "mixAll": _("All parts as they are"),
    "mixSilent": _("All parts are muted."),
    "mixWithout": _("Without {stems}"),
    "mixOnly": _("Only {stems}"),
    "mixLevel": _("{stem} at {percent} %"),
    "mixMaking": _("Preparing, {percent} %"),
    "mixReady": _("Ready. The download starts."),
    "fileWaiting": _("Many files are being prepared. Yours has to wait a moment."),
    "fileOffline": _("The file could not be fetched. Check the connection and try again."),
    "starsThanks": _("{n} of 5 stars for {what}"),
    "starsBack": _("No stars for {what}"),
    "starsFailed": _("Your rating could not be saved. Try again."),
    "starsNone": _("Not rated yet"),
    "starsOne": _("{average} of 5, one rating"),
    "starsMany": _("{average} of 5, {n} ratings"),
}

UPLOAD_MESSAGES: Messages = SESSION_MESSAGES | {
    "chosen": _("Not sent yet"),
    "chosenOne": _("1 file is ready to be sent."),
    "chosenMany": _("{n} files are ready to be sent."),
    "leftOutOne": _("1 file in the folder is not audio and was left out."),
    "leftOutMany": _("{n} files in the folder are not audio and were left out."),
    "unreadable": _("These files could not be read. Try again, or choose them by name."),
    "waiting": _("Waiting"),
    "checking": _("Checking whether it is already here"),
    "checkingPart": _("Checking whether it is already here, {percent} %"),
    "sending": _("Sending, {percent} %"),
    "reading": _("Reading the file"),
    "known": _("This song is already here"),
    "kept": _("Saved. You can separate it later."),
    "queued": _("Number {n} in the queue"),
    "running": _("Separating, {percent} %"),
    "ready": _("Ready"),
    "failed": _("Could not be separated"),
    "stopped": _("Stopped"),
    "open": _("Play it"),
    "openTrack": _("Open its page"),
    "again": _("Try again"),
    "drop": _("Remove"),
    "stop": _("Stop"),
    "similar": _("Similar to {title}, which is already here"),
    "alike": _("This sounds like {title}, which has already been separated."),
    "alikeMore": _("Your file is saved. It will only be separated if you want that."),
    "openOther": _("Open its parts"),
    "takeMine": _("Separate mine"),
    "etaSeconds": _("about {n} s left"),
    "etaMinutes": _("about {n} min left"),
    "offline": _("The connection was lost. Try again when you are online."),
    "refused": _("The server did not accept this file. Try another format."),
    "tooLarge": _("This file is larger than {limit}. Save it as FLAC or MP3 and try again."),
    "throttled": _("Too many requests at once. Wait a minute and try again."),
    "server": _("The server had a problem. Try again in a minute."),
    "empty": _("This file is empty. Choose another."),
}


def translate(messages: Messages) -> dict[str, str]:
    """Translate ``messages`` into the language of the request."""
    return {name: str(message) for name, message in messages.items()}
