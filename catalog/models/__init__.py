"""The models of the catalogue.

Artist, Album and Track are what people see. AudioFile is stored audio, named by what it sounds like
(``audio_digest``) and never changed. Upload tells who brought which file. Rendition is an encoding of an
AudioFile that can be thrown away and made again.
"""

from catalog.models.audio import AudioFile, Fingerprint, FingerprintTerm, Match, Rendition, Upload
from catalog.models.base import Row, file_storage
from catalog.models.credits import Credit
from catalog.models.former_addresses import FormerAddress
from catalog.models.moderation import Block, Change, ImportedFile, Report
from catalog.models.music import Album, Artist, Track
from catalog.models.social import Like, Notice, Setlist, SetlistEntry, Wish, WishVoice
from catalog.visibility import Visibility

__all__ = [
    "Album",
    "Artist",
    "AudioFile",
    "Block",
    "Change",
    "Credit",
    "Fingerprint",
    "FingerprintTerm",
    "FormerAddress",
    "ImportedFile",
    "Like",
    "Match",
    "Notice",
    "Rendition",
    "Report",
    "Row",
    "Setlist",
    "SetlistEntry",
    "Track",
    "Upload",
    "Visibility",
    "Wish",
    "WishVoice",
    "file_storage",
]
