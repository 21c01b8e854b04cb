"""Wind and bowed instruments as digital waveguides (Smith, 1986): travelling waves in delay lines, driven by lips, a
reed, an air jet or a bow.

Every function gives mono sound [samples] at `RATE` for frequencies in Hz and loudnesses 0..1 of that length.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.synthesis.composition import Rng

Samples = npt.NDArray[np.float64]
Model = Callable[[Rng, Samples, Samples], Samples]
RATE = 22_050
"""Half the usual rate: networks look no higher, and every sample costs a turn of a Python loop."""
_SIZE = 1024


class _Delay:
    """A delay line that is read between its samples."""

    def __init__(self) -> None:
        self.line = [0.0] * _SIZE
        self.place = 0

    def read(self, late: float) -> float:
        """Return what was written `late` samples ago, of which there are at most `_SIZE` - 2."""
        whole = int(late)
        first = self.line[(self.place - whole) % _SIZE]
        return first + (late - whole) * (self.line[(self.place - whole - 1) % _SIZE] - first)

    def write(self, value: float) -> None:
        """Add a sample."""
        self.place = (self.place + 1) % _SIZE
        self.line[self.place] = value


def lips(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Blow brass: the lips are a resonator near the note, and open with the square of their deflection.

    They sound a third above where they and the bore are tuned. Loud waves steepen on their way through the bore.
    """
    bore = _Delay()
    before = last = earlier = driven = blocked = held = 0.0
    sound = []
    radius = 0.99
    tuned = np.asarray(frequency / 1.33)
    turns = 2 * radius * np.cos(2 * np.pi * tuned / RATE)
    breaths = (
        (0.8 + 0.25 * loudness) * np.minimum(1, loudness * 8) * _air(rng, loudness, rng.uniform(0.003, 0.02))
    )
    for late, turn, mouth in zip((RATE / tuned - 1).tolist(), turns.tolist(), breaths.tolist(), strict=True):
        reflected = 0.95 * bore.read(late)
        difference = mouth - reflected
        deflection = 0.5 * (1 - radius**2) * (difference - earlier) + turn * last - radius**2 * before
        before, last = last, deflection
        earlier, driven = driven, difference
        opening = min(1.0, max(0.0, difference + 10 * deflection) ** 2)
        passed = opening * mouth + (1 - opening) * reflected
        blocked, held = passed - held + 0.995 * blocked, passed
        bore.write(blocked)
        sound.append(blocked)
    wave = np.array(sound)
    places = np.arange(len(wave))
    steep = np.interp(places + 0.12 * RATE / frequency * loudness * wave, places, wave)
    return np.asarray(signal.lfilter(*signal.butter(1, 900 / (RATE / 2), "high"), steep) * loudness**0.5)


def clarinet(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Blow a reed that closes as the pressure difference grows, on a cylinder of half a wavelength."""
    bore = _Delay()
    before = 0.0
    sound = []
    breaths = (0.55 + 0.4 * loudness) * (loudness > 0.02) * _air(rng, loudness, 0.1)
    for late, breath in zip((0.5 * RATE / frequency - 1.5).tolist(), breaths.tolist(), strict=True):
        returned = bore.read(late)
        difference = -0.95 * 0.5 * (returned + before) - breath
        before = returned
        opening = min(1.0, max(-1.0, 0.7 - 0.3 * difference))
        bore.write(breath + difference * opening)
        sound.append(returned)
    return np.asarray(np.array(sound) * loudness**0.5, dtype=np.float64)


def saxophone(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Blow the same reed somewhere on a string of air as long as the wave, which stands for a cone."""
    bell, mouthpiece = _Delay(), _Delay()
    position = rng.uniform(0.15, 0.3)
    before = 0.0
    sound = []
    breaths = (0.55 + 0.15 * loudness) * (loudness > 0.02) * _air(rng, loudness, 0.15)
    for late, breath in zip((RATE / frequency - 2.5).tolist(), breaths.tolist(), strict=True):
        returned = bell.read((1 - position) * late)
        reflected = -0.95 * 0.5 * (returned + before)
        before = returned
        pressure = reflected - mouthpiece.read(position * late)
        mouthpiece.write(reflected)
        difference = breath - pressure
        opening = min(1.0, max(-1.0, 0.7 + 0.3 * difference))
        bell.write(breath - difference * opening - reflected)
        sound.append(pressure)
    return np.asarray(np.array(sound) * loudness**0.5, dtype=np.float64)


def flute(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Blow a jet that needs half a period to the edge and saturates there (x^3 - x); the bore sounds its third mode."""
    bore, jet = _Delay(), _Delay()
    filtered = held = blocked = 0.0
    sound = []
    breaths = (
        (0.8 + 0.4 * loudness) * np.minimum(1, loudness * 8) * _air(rng, loudness, rng.uniform(0.02, 0.08))
    )
    for late, breath in zip((1.5 * RATE / frequency - 2).tolist(), breaths.tolist(), strict=True):
        filtered = 0.6 * filtered - 0.4 * bore.read(late)
        blocked, held = filtered - held + 0.995 * blocked, filtered
        jet.write(breath - 0.5 * blocked)
        driven = jet.read(0.32 * late)
        driven = min(1.0, max(-1.0, driven * (driven * driven - 1)))
        bore.write(driven + 0.5 * blocked)
        sound.append(driven)
    hiss = signal.lfilter(*signal.butter(1, 0.2, "high"), rng.standard_normal(len(loudness)))
    return np.asarray((np.array(sound) + rng.uniform(0.01, 0.1) * hiss) * loudness)


def bow(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Bow a string that sticks to the bow until it slips, between nut and bridge."""
    neck, bridge = _Delay(), _Delay()
    position, slope = rng.uniform(0.08, 0.2), rng.uniform(2, 4)
    filtered = 0.0
    sound = []
    speeds = 0.03 + 0.2 * loudness * (1 + 0.05 * rng.standard_normal(len(loudness)))
    for late, speed, on in zip(
        (RATE / frequency - 3.5).tolist(), speeds.tolist(), (loudness > 0.02).tolist(), strict=True
    ):
        filtered = 0.4 * bridge.read(position * late) + 0.6 * filtered
        from_bridge, from_nut = -0.95 * filtered, -neck.read((1 - position) * late)
        slip = speed - (from_bridge + from_nut)
        friction = min(0.98, (abs(slip) * slope + 0.75) ** -4) if on else 0.0
        neck.write(from_bridge + slip * friction)
        bridge.write(from_nut + slip * friction)
        sound.append(filtered)
    return np.asarray(np.array(sound) * loudness**0.3, dtype=np.float64)


def _air(rng: Rng, loudness: Samples, amount: float) -> Samples:
    return 1 + amount * rng.standard_normal(len(loudness))


def play(
    rng: Rng,
    model: Model,
    frequency: Samples,
    loudness: Samples,
) -> Samples:
    """Play `model` at 44.1 kHz, for curves at 44.1 kHz."""
    sound = model(rng, np.clip(frequency[::2], 30, 4000), np.clip(loudness[::2], 0, 1))
    sound = np.nan_to_num(sound)
    sound = signal.lfilter(*signal.butter(1, 40 / (RATE / 2), "high"), sound)
    return np.asarray(signal.resample_poly(sound, 2, 1)[: len(frequency)])
