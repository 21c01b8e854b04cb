"""What songs are made of, loaded once for each process: instruments, drums, samples, voices."""

from pathlib import Path

from training.synthesis import singing, voice_analysis
from training.synthesis.instruments import Player
from training.synthesis.sample_pack import SOUNDFONT, DrumBank
from training.synthesis.sampler import NoteBank
from training.synthesis.voice_analysis import Utterance


class Studio:
    """Everything loaded that songs are made of. One for each process."""

    def __init__(self, pack: Path, cache: Path) -> None:
        self.player = Player(pack / SOUNDFONT)
        self.drums = DrumBank.load(pack)
        self.basses = NoteBank.load(pack / "bass")
        self.guitars = NoteBank.load(pack / "guitar")
        self.voices = voice_analysis.load(pack, cache)
        self.singer = singing.Singer(next((pack / "vox/sinsy").glob("*.htsvoice")))

    def of_kind(self, *kinds: str) -> list[Utterance]:
        """Return the utterances of these kinds."""
        return [voice for voice in self.voices if voice.kind in kinds]
