// Makes a stream of samples higher or lower, and shorter or longer with it: band-limited interpolation with a windowed
// sinc. Used in a worker, which has no import map: this module imports nothing.

export const ZEROS = 24; // of the sinc on each side
const STEPS = 512; // in its table, from one to the next
const SHARPNESS = 9; // Kaiser's beta: aliases are 90 dB lower

/** @typedef {(channels: Float32Array[], from: number) => void} Reader fills `channels` with what begins at a frame */

/**
 * Calculate the modified Bessel function of order zero.
 * @param {number} x
 */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Calculate what a sample counts at a distance, in zeros of the sinc.
 * @param {number} distance
 */
export function windowedSinc(distance) {
  const x = Math.min(Math.abs(distance), ZEROS);
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  return (sinc * bessel(SHARPNESS * Math.sqrt(1 - (x / ZEROS) ** 2))) / bessel(SHARPNESS);
}

const TABLE = Float64Array.from({ length: ZEROS * STEPS + 2 }, (_, step) => windowedSinc(step / STEPS));

/**
 * Get a reader whose frame `n` is frame `n * ratio` of another.
 * @param {Reader} read
 * @param {number} ratio 2 for an octave higher
 * @returns {Reader}
 */
export function resampled(read, ratio) {
  const cutoff = Math.min(1, 1 / ratio);
  const reach = Math.ceil(ZEROS / cutoff);
  const scale = cutoff * STEPS;

  /**
   * Interpolate `samples` at a place between two of them.
   * @param {Float32Array} samples
   * @param {number} place
   */
  const sampleAt = (samples, place) => {
    const end = Math.floor(place) + reach;
    let sum = 0;
    for (let index = end - 2 * reach + 1; index <= end; index += 1) {
      const at = Math.min(Math.abs(index - place) * scale, ZEROS * STEPS);
      const step = Math.floor(at);
      const before = /** @type {number} */ (TABLE[step]);
      const weight = before + (at - step) * /** @type {number} */ (TABLE[step + 1] - before);
      sum += weight * /** @type {number} */ (samples[index]);
    }
    return sum * cutoff;
  };

  return (channels, from) => {
    const length = channels[0]?.length ?? 0;
    const first = Math.floor(from * ratio) - reach;
    const last = Math.floor((from + length - 1) * ratio) + reach + 1;
    const input = channels.map(() => new Float32Array(last - first));
    read(input, first);
    for (const [side, samples] of input.entries()) {
      const output = /** @type {Float32Array} */ (channels[side]);
      for (let n = 0; n < length; n += 1) output[n] = sampleAt(samples, (from + n) * ratio - first);
    }
  };
}
