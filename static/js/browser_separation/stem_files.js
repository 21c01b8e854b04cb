// The stems of a song that is separated in this browser: FLAC of 16 bits, in segments as the server has them, each made as
// soon as its samples are there. Stems that would clip all get the same lower gain, as on the server. Used in a worker,
// which has no import map: this module imports nothing.

/** @typedef {[left: Float32Array, right: Float32Array]} Channels */
/** @typedef {import("../../separator/flac_encoder.js").FlacEncoder} FlacEncoder */

/**
 * Tools of other modules.
 * @typedef {object} Tools
 * @property {Pick<FlacEncoder, "frames">} encoder
 * @property {(samples: number) => Uint8Array<ArrayBuffer>} flacHeader
 * @property {new (file: Uint8Array<ArrayBuffer>) => import("../player/rendering/flac_segment.js").FlacSegment} FlacSegment
 */

export const SEGMENT_SAMPLES = 524_288;
export const PEAK_SAMPLES = 4096; // of a FLAC frame as well
const FULL_SCALE = 32_768;
const MOST = 32_767;
const RATE = 44_100;
const STEP = 0.5; // dB
const MARGIN = 1; // dB over the loudest sample so far
const CONSTANT_MARGINS = 3; // from the next time on the margin doubles: encoding a long song again takes a while

class Stem {
  /** @type {Blob[]} frames of each segment */
  segments = [];
  /** @type {number[]} 0 to 255, of PEAK_SAMPLES each */
  peaks = [];
  /** Samples of the segment that is not full yet, left and right in turn. */
  rest = new Int16Array(2 * SEGMENT_SAMPLES);
  filled = 0;
}

export class StemFiles {
  gain = 1;
  #lowered = 0;

  /**
   * @param {number} stems
   * @param {number} samples of the song
   * @param {Tools} tools
   */
  constructor(stems, samples, tools) {
    this.samples = samples;
    this.tools = tools;
    this.stems = Array.from({ length: stems }, () => new Stem());
  }

  /** How many segments of every stem are there. */
  get segments() {
    return Math.min(...this.stems.map(({ segments }) => segments.length));
  }

  /**
   * Append samples of all stems.
   * @param {Channels[]} piece
   * @throws {Error} for samples that are no numbers
   */
  async write(piece) {
    const peak = piece.flat().reduce((most, samples) => Math.max(most, loudest(samples)), 0);
    if (!Number.isFinite(peak)) throw new Error("the stems contain values that are not numbers");
    if (peak * this.gain * FULL_SCALE > MOST) await this.#lowerGain(peak);
    const scale = Math.fround(this.gain * FULL_SCALE);
    for (const [index, channels] of piece.entries()) this.#append(this.#stem(index), channels, scale);
  }

  /** Encode what does not fill a segment. */
  finish() {
    for (const stem of this.stems) if (stem.filled) this.#encode(stem);
  }

  /**
   * Get a segment as a file of its own, as players want it.
   * @param {number} index
   * @param {number} number
   */
  segment(index, number) {
    const frames = this.#stem(index).segments[number];
    const length = Math.min(SEGMENT_SAMPLES, this.samples - number * SEGMENT_SAMPLES);
    return frames && new Blob([this.tools.flacHeader(length), frames]);
  }

  /** @param {number} index of a stem that is finished */
  flac(index) {
    return new Blob([this.tools.flacHeader(this.samples), ...this.#stem(index).segments], { type: "audio/flac" });
  }

  /** @param {number} index of a stem that is finished */
  async wav(index) {
    const parts = [];
    for (const [number] of this.#stem(index).segments.entries()) {
      const channels = await this.#decode(index, number);
      const pcm = new Int16Array(2 * channels[0].length);
      interleave(channels, FULL_SCALE, pcm, 0);
      parts.push(new Blob([pcm])); // the browser's to keep
    }
    return new Blob([wavHeader(this.samples), ...parts], { type: "audio/wav" });
  }

  /** @param {number} index */
  #stem(index) {
    return /** @type {Stem} */ (this.stems[index]);
  }

  /**
   * @param {Stem} stem
   * @param {Channels} channels
   * @param {number} scale
   */
  #append(stem, [left, right], scale) {
    for (let at = 0; at < left.length; ) {
      const end = Math.min(left.length, at + SEGMENT_SAMPLES - stem.filled);
      interleave([left.subarray(at, end), right.subarray(at, end)], scale, stem.rest, 2 * stem.filled);
      stem.filled += end - at;
      at = end;
      if (stem.filled === SEGMENT_SAMPLES) this.#encode(stem);
    }
  }

  /** @param {Stem} stem whose rest becomes a segment */
  #encode(stem) {
    const pcm = stem.rest.subarray(0, 2 * stem.filled);
    const first = (stem.segments.length * SEGMENT_SAMPLES) / PEAK_SAMPLES;
    stem.segments.push(new Blob([this.tools.encoder.frames(pcm, first)]));
    for (let at = 0; at < pcm.length; at += 2 * PEAK_SAMPLES) {
      const peak = loudest(pcm.subarray(at, at + 2 * PEAK_SAMPLES));
      stem.peaks.push(Math.min(Math.round((peak * 255) / MOST), 255));
    }
    stem.filled = 0;
  }

  /**
   * Choose a gain with headroom for `peak`, and encode again what is there.
   * @param {number} peak
   */
  async #lowerGain(peak) {
    const margin = MARGIN * 2 ** Math.max(0, this.#lowered + 1 - CONSTANT_MARGINS);
    const steps = Math.ceil((20 * Math.log10(peak) + margin) / STEP);
    const gain = 10 ** ((-steps * STEP) / 20);
    const ratio = Math.fround(gain / this.gain);
    for (const [index, old] of this.stems.entries()) {
      const stem = new Stem();
      for (const [number] of old.segments.entries()) {
        const channels = await this.#decode(index, number);
        this.#append(stem, channels, ratio * FULL_SCALE);
      }
      for (let at = 0; at < 2 * old.filled; at += 1) stem.rest[at] = Math.round(ratio * (old.rest[at] ?? 0));
      stem.filled = old.filled;
      this.stems[index] = stem;
    }
    this.gain = gain;
    this.#lowered += 1;
  }

  /**
   * @param {number} index
   * @param {number} number
   * @returns {Promise<Channels>}
   */
  async #decode(index, number) {
    const file = /** @type {Blob} */ (this.segment(index, number));
    const segment = new this.tools.FlacSegment(new Uint8Array(await file.arrayBuffer()));
    const channels = /** @type {Channels} */ ([0, 1].map(() => new Float32Array(segment.length)));
    segment.read(channels, 0);
    return channels;
  }
}

/** @param {Float32Array | Int16Array} samples */
function loudest(samples) {
  let [highest, lowest] = [0, 0];
  for (let at = 0; at < samples.length; at += 1) {
    const value = /** @type {number} */ (samples[at]);
    if (value > highest) highest = value;
    else if (value < lowest) lowest = value;
    else if (Number.isNaN(value)) return value;
  }
  return Math.max(highest, -lowest);
}

/**
 * Scale and round samples into `pcm` from a place on, left and right in turn.
 * @param {Channels} channels
 * @param {number} scale
 * @param {Int16Array} pcm
 * @param {number} place
 */
function interleave([left, right], scale, pcm, place) {
  for (let at = 0; at < left.length; at += 1) {
    pcm[place + 2 * at] = Math.round(Math.fround(/** @type {number} */ (left[at]) * scale));
    pcm[place + 2 * at + 1] = Math.round(Math.fround(/** @type {number} */ (right[at]) * scale));
  }
}

/** @param {number} samples */
function wavHeader(samples) {
  const view = new DataView(new ArrayBuffer(44));
  const size = 4 * samples;
  view.setUint32(0, 0x52494646); // "RIFF"
  view.setUint32(4, 36 + size, true);
  view.setUint32(8, 0x57415645); // "WAVE"
  view.setUint32(12, 0x666d7420); // "fmt "
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // plain samples
  view.setUint16(22, 2, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 4 * RATE, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  view.setUint32(36, 0x64617461); // "data"
  view.setUint32(40, size, true);
  return view.buffer;
}
