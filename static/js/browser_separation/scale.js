// How browsers scale what they decode.

const INEXACT = 0.01; // of a step of 16 bits: what float32 leaves of it

/**
 * Where samples are those of a file of 16 bits as Chromium scales them, positive ones by 32,767 and negative ones by
 * 32,768, scale all of them by 32,768: the difference would be heard in no song, but seen in the last bit of its stems.
 * @param {Float32Array[]} channels are changed
 */
export function evenScale(channels) {
  for (const samples of channels) {
    for (let at = 0; at < samples.length; at += 1) {
      const value = /** @type {number} */ (samples[at]);
      const stored = value * (value > 0 ? 32_767 : 32_768);
      if (Math.abs(stored - Math.round(stored)) > INEXACT) return;
    }
  }
  for (const samples of channels) {
    for (let at = 0; at < samples.length; at += 1) {
      const value = /** @type {number} */ (samples[at]);
      if (value > 0) samples[at] = Math.round(value * 32_767) / 32_768;
    }
  }
}
