// Metronome clicks and a count-in: where they are in what is heard, and what they sound like. Mixes to download have the
// same clicks (audio/effects/clicks.py). Touches nothing of the page.

import { firstBeatFrom } from "stemoteca/beats/grid";

/** @typedef {import("stemoteca/beats/grid").Beat} Beat */

/**
 * `at`: frames that are heard; `beat` says which one it is.
 * @typedef {{ at: number, beat: Beat }} Click
 */

export const MOST_BARS = 2; // of a count-in
const LENGTH = 1764; // frames: 40 ms
const FADE = 441; // frames at its end
const DECAY = 0.008; // seconds in which it falls to 1/e
const ACCENT = { hertz: 1760, level: 0.6 };
const BEAT = { hertz: 1320, level: 0.4 };

/**
 * Make the samples of a click: a sine that dies away, higher and louder for the one.
 * @param {boolean} isAccent
 * @param {number} rate in hertz
 */
export function clickSamples(isAccent, rate) {
  const { hertz, level } = isAccent ? ACCENT : BEAT;
  return Float32Array.from({ length: LENGTH }, (_, n) => {
    const shape = Math.exp(-n / rate / DECAY) * Math.min(1, (LENGTH - n) / FADE);
    return level * Math.sin((2 * Math.PI * hertz * n) / rate) * shape;
  });
}

/**
 * Find the clicks within a block of a run, in frames of the run.
 * @param {{ piece: { from: number, to: number }, at: number, heard: number, length: number }} block
 * @param {number} speed in percent
 * @param {Beat[]} beats
 * @returns {Click[]}
 */
export function clicksIn({ piece, at, heard, length }, speed, beats) {
  const tempo = speed / 100;
  const clicks = [];
  const start = piece.from + Math.max(0, Math.floor((heard - 1) * tempo));
  for (let index = firstBeatFrom(beats, start); index < beats.length; index += 1) {
    const beat = /** @type {Beat} */ (beats[index]);
    const time = Math.round((beat.frame - piece.from) / tempo);
    if (beat.frame >= piece.to || time >= heard + length) break;
    if (time >= heard) clicks.push({ at: at + time - heard, beat });
  }
  return clicks;
}

/**
 * Find the clicks of a count-in of so many bars, which begins with a one, so that the music continues it: where that
 * begins within a bar, the beats of that bar before it are counted as well. `lead`: frames from the first click to the
 * music.
 * @param {Beat[]} beats
 * @param {number} speed in percent
 * @param {number} bars
 * @param {number} start frame of the song with which the music begins
 * @returns {{ lead: number, clicks: Click[] }}
 */
export function countIn(beats, speed, bars, start) {
  if (!bars || beats.length < 2) return { lead: 0, clicks: [] };
  const tempo = speed / 100;
  const first = Math.min(firstBeatFrom(beats, start), beats.length - 1);
  const [beat, one, two] = /** @type {[Beat, Beat, Beat]} */ (
    [first, Math.min(first, beats.length - 2), Math.min(first, beats.length - 2) + 1].map((index) => beats[index])
  );
  const period = two.frame - one.frame;
  // The grid goes on backwards to the start of the music.
  const skipped = Math.floor((beat.frame - start) / period);
  const offset = beat.frame - start - skipped * period;
  const place = (((beat.place - skipped) % beat.perBar) + beat.perBar) % beat.perBar;
  const count = bars * beat.perBar + place;
  const lead = Math.max(0, Math.round((count * period - offset) / tempo));
  const clicks = Array.from({ length: count }, (_, n) => ({
    at: Math.max(0, Math.round(lead + (offset - (count - n) * period) / tempo)),
    beat: { ...beat, place: n % beat.perBar },
  }));
  return { lead, clicks };
}
