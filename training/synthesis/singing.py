"""Sinsy, an HMM singer, singing a score in Japanese syllables."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Note, Rng
from training.synthesis.sample_pack import Wave
from training.synthesis.voice_analysis import Parameters, synthesise, world_analysis
from training.synthesis.voices import recolour

_RATE = 48_000
_SYLLABLES = tuple(
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわだでどがごばび"
)
_STEPS = "CCDDEFFGGAAB"
_SHARP = (0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0)
_MEASURE = 16

Sung = tuple[Parameters, Parameters, Parameters]


def score(rng: Rng, notes: Sequence[Note], tempo: float, transposed: int) -> str:
    """Write `notes` as MusicXML on a grid of sixteenths, `transposed` semitones down, with random syllables."""
    sixteenth = 60 / tempo / 4
    measures: list[str] = []
    current: list[str] = []
    filled = 0

    def put(pitch: int | None, length: int) -> None:
        nonlocal filled
        first = True
        while length > 0:
            piece = min(length, _MEASURE - filled)
            ties = () if pitch is None else (("stop",) * (not first) + ("start",) * (length > piece))
            syllable = str(rng.choice(_SYLLABLES)) if first and pitch is not None else ""
            current.append(_note(pitch, piece, syllable, ties))
            filled += piece
            length -= piece
            first = False
            if filled == _MEASURE:
                measures.append("".join(current))
                current.clear()
                filled = 0

    put(None, 1)  # the voice wants to breathe in first
    place = 1
    for note in notes:
        start, length = round(note.start / sixteenth) + 1, max(1, round(note.length / sixteenth))
        length -= max(0, place - start)
        start = max(start, place)
        if length < 1:
            continue
        put(None, start - place)
        put(round(note.pitch) - transposed, length)
        place = start + length
    put(None, _MEASURE - filled + 1)
    put(None, (_MEASURE - filled) % _MEASURE)
    attributes = (
        "<attributes><divisions>4</divisions><key><fifths>0</fifths><mode>major</mode></key>"
        "<time><beats>4</beats><beat-type>4</beat-type></time>"
        "<clef><sign>G</sign><line>2</line></clef></attributes>"
        f'<direction><sound tempo="{round(tempo)}"/></direction>'
    )
    body = "".join(
        f'<measure number="{number}">{attributes if number == 1 else ""}{measure}</measure>'
        for number, measure in enumerate(measures, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="2.0"><part-list>'
        '<score-part id="P1"><part-name>v</part-name></score-part></part-list>'
        f'<part id="P1">{body}</part></score-partwise>'
    )


def _note(pitch: int | None, length: int, syllable: str, ties: tuple[str, ...]) -> str:
    if pitch is None:
        return f"<note><rest/><duration>{length}</duration><voice>1</voice></note>"
    alter = "<alter>1</alter>" if _SHARP[pitch % 12] else ""
    tie = "".join(f'<tie type="{kind}"/>' for kind in ties)
    tied = "".join(f'<tied type="{kind}"/>' for kind in ties)
    return (
        f"<note><pitch><step>{_STEPS[pitch % 12]}</step>{alter}<octave>{pitch // 12 - 1}</octave></pitch>"
        f"<duration>{length}</duration>{tie}<voice>1</voice>"
        + (f"<notations>{tied}</notations>" if tied else "")
        + (f"<lyric><text>{escape(syllable)}</text></lyric>" if syllable else "")
        + "</note>"
    )


class Singer:
    """The voice in the pack. Not to be shared between processes."""

    def __init__(self, voice: Path) -> None:
        import pysinsy
        from pysinsy.sinsy import Sinsy

        self._sinsy = Sinsy()
        self._sinsy.setLanguages("j", pysinsy.get_default_dic_dir())
        self._sinsy.loadVoices(str(voice))

    def sing(self, rng: Rng, notes: Sequence[Note], tempo: float, transposed: int) -> Sung:
        """Return WORLD's view of `notes` sung `transposed` semitones down. Raises ValueError if Sinsy gives up."""
        handle, name = tempfile.mkstemp(suffix=".xml")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(score(rng, notes, tempo, transposed))
        try:
            self._sinsy.clearScore()
            self._sinsy.loadScoreFromMusicXML(name)
            wave, _ = self._sinsy.synthesize()
        finally:
            Path(name).unlink()
        sound = np.asarray(wave, dtype=np.float64) / 32768
        if len(sound) < _RATE:
            raise ValueError("the singer had nothing to sing")
        # The score begins one sixteenth late.
        sound = sound[int(60 / tempo / 4 * _RATE) :]
        return world_analysis(signal.resample_poly(sound, SAMPLE_RATE // 300, _RATE // 300), 100, 900)


def render(rng: Rng, sung: Sung, samples: int, *, shift: float, formants: float, breath: float) -> Wave:
    """Render `sung` as another singer, `shift` semitones up: mono [samples]."""
    pitch, envelope, noise = sung
    time = np.arange(len(pitch)) / 100
    if rng.random() < 0.6:  # vibrato in slow bursts
        points = np.arange(0, time[-1] + 0.7, 0.7)
        burst = np.clip(np.interp(time, points, rng.uniform(-1, 1, len(points))), 0, 1)
        wave = np.sin(2 * np.pi * rng.uniform(4.6, 6.5) * time)
        pitch = pitch * 2 ** (rng.uniform(0.1, 0.5) / 12 * wave * burst)
    bins = np.clip((np.arange(envelope.shape[1]) / formants).round().astype(int), 0, envelope.shape[1] - 1)
    coloured = np.exp(recolour(rng, np.log(envelope[:, bins] + 1e-14), 0.1, 1.2))
    late = int(abs(rng.normal(0, 0.012)) * SAMPLE_RATE)
    sound = synthesise(pitch * 2 ** (shift / 12), coloured, np.clip(noise + breath, 0, 1), samples)
    return np.asarray(np.concatenate([np.zeros(late, np.float32), sound])[:samples])
