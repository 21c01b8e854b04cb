// Resamples a song that comes in pieces, as if it came at once: band-limited interpolation with a windowed sinc. As rates
// are whole numbers, few sets of weights come again and again.

import { windowedSinc, ZEROS } from "stemoteca/player/rendering/resampler";

/** @typedef {import("stemoteca-separator").Channels} Channels */

const BLOCK = 16_384; // samples at a time, after which the page may do something else

/** @param {number} a @param {number} b @returns {number} */
const greatestDivisor = (a, b) => (b ? greatestDivisor(b, a % b) : a);

/**
 * How many samples a song has at another rate.
 * @param {number} length
 * @param {number} from in hertz
 * @param {number} to in hertz
 */
export const resampledLength = (length, from, to) => Math.ceil((length * to) / from);

/**
 * Resample pieces.
 * @param {AsyncIterable<Channels>} pieces
 * @param {number} from their rate in hertz
 * @param {number} to another one
 * @returns {AsyncGenerator<Channels, void, void>}
 */
export async function* resample(pieces, from, to) {
  const divisor = greatestDivisor(from, to);
  const [step, phases] = [from / divisor, to / divisor]; // output sample n is at n * step / phases
  const cutoff = Math.min(1, phases / step);
  const reach = Math.ceil(ZEROS / cutoff);
  const weights = makeWeights(phases, reach, cutoff);
  let [given, made] = [0, 0]; // samples in and out
  let start = -reach; // of what is held, in samples of the song
  let held = /** @type {Channels} */ ([new Float32Array(reach), new Float32Array(reach)]);

  /** @param {Channels} piece */
  const hold = (piece) => {
    const needed = Math.floor((made * step) / phases) - reach + 1;
    held = /** @type {Channels} */ (held.map((samples, side) => joined(samples.subarray(needed - start), piece[side])));
    start = needed;
  };

  /** @param {number} end */
  async function* make(end) {
    while (made < end) {
      const count = Math.min(BLOCK, end - made);
      const output = /** @type {Channels} */ ([new Float32Array(count), new Float32Array(count)]);
      interpolate(held, output, weights, { from: made, step, phases, shift: 1 - reach - start });
      made += count;
      yield output;
      await pause();
    }
  }

  for await (const piece of pieces) {
    hold(piece);
    given += piece[0].length;
    yield* make(Math.ceil(((given - reach) * phases) / step));
  }
  const silence = new Float32Array(2 * reach);
  hold([silence, silence]);
  yield* make(resampledLength(given, from, to));
}

/**
 * Calculate samples. A plain function of plain numbers: engines make the quickest code of that.
 * @param {Channels} input
 * @param {Channels} output
 * @param {Float32Array} weights [phases, taps]
 * @param {{ from: number, step: number, phases: number, shift: number }} place output sample n is the song's `from + n`, at
 *   `(from + n) * step / phases` of the samples that come in, and the first of those that count is `shift` from there
 */
function interpolate([left, right], [newLeft, newRight], weights, { from, step, phases, shift }) {
  const taps = weights.length / phases;
  for (let n = 0; n < newLeft.length; n += 1) {
    const place = (from + n) * step;
    const first = Math.floor(place / phases) + shift;
    const row = taps * (place % phases);
    let [sum, other] = [0, 0];
    for (let tap = 0; tap < taps; tap += 1) {
      const weight = /** @type {number} */ (weights[row + tap]);
      sum += weight * /** @type {number} */ (left[first + tap]);
      other += weight * /** @type {number} */ (right[first + tap]);
    }
    newLeft[n] = sum;
    newRight[n] = other;
  }
}

/** Let the page do something else. Timers are slow in tabs that nobody looks at; messages are not. */
function pause() {
  const { port1, port2 } = new MessageChannel();
  const waiting = new Promise((done) => port1.addEventListener("message", done, { once: true }));
  port1.start();
  port2.postMessage(null);
  return waiting.finally(() => port1.close());
}

/**
 * Calculate what the samples around a place between two of them count, for each of the places.
 * @param {number} phases
 * @param {number} reach samples on each side
 * @param {number} cutoff of half the rate
 */
function makeWeights(phases, reach, cutoff) {
  return Float32Array.from({ length: 2 * reach * phases }, (_, at) => {
    const [phase, tap] = [Math.floor(at / (2 * reach)), at % (2 * reach)];
    return cutoff * windowedSinc(cutoff * (tap - reach + 1 - phase / phases));
  });
}

/**
 * @param {Float32Array} before
 * @param {Float32Array | undefined} after
 */
function joined(before, after = new Float32Array(0)) {
  const both = new Float32Array(before.length + after.length);
  both.set(before);
  both.set(after, before.length);
  return both;
}
