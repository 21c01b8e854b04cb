// Makes what is heard from the segments of all stems: copies of their samples, or, at another speed or in
// another key, what stretcher and resampler make of them. Used in a worker, which has no import map: this module imports
// nothing.

/** @typedef {import("./resampler.js").Reader} Reader */
/** @typedef {import("../sound/stretch.js").Group} Group */
/** @typedef {Pick<import("./stretcher.js").Stretcher, "begin" | "read">} Stretcher */

/**
 * A segment of a stem: `read` fills left and right with its samples from one on, `free` lets go of what it decoded.
 * @typedef {{ read: Reader, free: () => void, file?: Uint8Array<ArrayBuffer> }} Segment
 */

/**
 * A part of the song that is heard without a jump: `from` and `to` in frames of the song, `speed` in percent, and the
 * stems that are stretched together. `id` tells it from others.
 * @typedef {{ id: number, from: number, to: number, speed: number, groups: Group[] }} Piece
 */

/**
 * The tools for another speed or key.
 * @typedef {object} Tools
 * @property {number} rate of the stems in hertz
 * @property {(channels: number) => Stretcher} makeStretcher
 * @property {(read: Reader, ratio: number) => Reader} resampled
 */

const SIDES = [0, 1];
const CLEAN = { slowest: 0.5, fastest: 2 }; // speeds at which the library keeps tones and attacks
const PORTION = 4096; // frames that are read at a time

export class Renderer {
  /** @type {Map<number, Map<number, Segment>>} of each stem, by number */
  #segments = new Map();
  /** @type {Map<number, number>} by which each stem was stored quieter, so that it does not clip */
  #gains = new Map();
  /** @type {Map<string, Stretcher>} */
  #stretchers = new Map();
  #piece = -1;
  /** @type {Reader[]} for each group of the piece */
  #readers = [];
  /** @type {number[]} the stems of the piece that are still heard */
  #chosen = [];

  /**
   * @param {number} segment frames in each segment
   * @param {Tools} tools
   */
  constructor(segment, tools) {
    this.segment = segment;
    this.tools = tools;
  }

  /**
   * Keep a segment of a stem.
   * @param {number} stem
   * @param {number} number
   * @param {Segment} segment
   * @param {number} gain by which the stem was stored quieter
   */
  keep(stem, number, segment, gain) {
    const segments = this.#segments.get(stem) ?? new Map();
    this.#segments.set(stem, segments.set(number, segment));
    this.#gains.set(stem, gain);
  }

  /**
   * Let go of a segment; returns it, if it was there.
   * @param {number} stem
   * @param {number} number
   */
  drop(stem, number) {
    const segment = this.#segments.get(stem)?.get(number);
    this.#segments.get(stem)?.delete(number);
    segment?.free();
    return segment;
  }

  /**
   * Make what is heard of some stems from `heard` frames after the beginning of the piece on; that never goes back.
   * @param {Piece} piece
   * @param {number} heard
   * @param {Map<number, Float32Array[]>} outputs left and right of each stem to make
   */
  render(piece, heard, outputs) {
    this.#chosen = [...outputs.keys()];
    if (this.#piece !== piece.id) this.#begin(piece);
    for (const [index, { stems }] of piece.groups.entries()) {
      if (stems.some((stem) => outputs.has(stem))) this.#readGroup(index, stems, heard, outputs);
    }
    for (const [stem, channels] of outputs) {
      const gain = this.#gains.get(stem) ?? 1;
      for (const samples of gain === 1 ? [] : channels) {
        for (let at = 0; at < samples.length; at += 1) samples[at] = /** @type {number} */ (samples[at]) / gain;
      }
    }
  }

  /** @param {Piece} piece */
  #begin(piece) {
    this.#piece = piece.id;
    this.#readers = piece.groups.map(({ stems, speed, rate }, index) => {
      /** @type {Reader} */
      const stored = (channels, from) => {
        const before = Math.max(-from, 0); // silence
        for (const samples of channels) samples.fill(0, 0, before);
        const after = channels.map((samples) => samples.subarray(before));
        for (const [place, stem] of stems.entries()) {
          const pair = after.slice(2 * place, 2 * place + 2);
          // One that was muted meanwhile is silent: it may not be there.
          this.#read(stem, pair, piece.from + from + before, this.#chosen.includes(stem) ? piece.to : 0);
        }
      };
      const read = this.#stretched(stored, index, 2 * stems.length, speed);
      return rate === this.tools.rate ? read : this.tools.resampled(read, rate / this.tools.rate);
    });
  }

  /**
   * Stretch twice by less where once is too much for the library.
   * @param {Reader} stored
   * @param {number} group
   * @param {number} channels
   * @param {number} speed
   * @returns {Reader}
   */
  #stretched(stored, group, channels, speed) {
    const isFar = speed < CLEAN.slowest || speed > CLEAN.fastest;
    const speeds = isFar ? [Math.sqrt(speed), Math.sqrt(speed)] : speed === 1 ? [] : [speed];
    return speeds.reduce((read, each, turn) => {
      const stretcher = this.#stretcher(`${group} ${channels} ${turn}`, channels);
      stretcher.begin(read, each);
      return stretcher.read;
    }, stored);
  }

  /**
   * @param {string} key
   * @param {number} channels
   */
  #stretcher(key, channels) {
    const stretcher = this.#stretchers.get(key) ?? this.tools.makeStretcher(channels);
    this.#stretchers.set(key, stretcher);
    return stretcher;
  }

  /**
   * @param {number} index of the group
   * @param {number[]} stems
   * @param {number} heard
   * @param {Map<number, Float32Array[]>} outputs
   */
  #readGroup(index, stems, heard, outputs) {
    const length = outputs.values().next().value?.[0]?.length ?? 0;
    const channels = stems.flatMap((stem) => outputs.get(stem) ?? SIDES.map(() => new Float32Array(length)));
    for (let at = 0; at < length; at += PORTION) {
      const portion = channels.map((samples) => samples.subarray(at, Math.min(at + PORTION, length)));
      this.#readers[index]?.(portion, heard + at);
    }
  }

  /**
   * Fill `channels` with a stem's samples from `frame` on; silence from `end` on and where there are none.
   * @param {number} stem
   * @param {Float32Array[]} channels
   * @param {number} frame
   * @param {number} end
   */
  #read(stem, channels, frame, end) {
    const length = Math.min(channels[0]?.length ?? 0, Math.max(end - frame, 0));
    for (const channel of channels) channel.fill(0, length);
    for (let at = 0; at < length; ) {
      const number = Math.floor((frame + at) / this.segment);
      const offset = frame + at - number * this.segment;
      const count = Math.min(length - at, this.segment - offset);
      const goals = channels.map((samples) => samples.subarray(at, at + count));
      const stored = this.#segments.get(stem)?.get(number);
      if (stored) stored.read(goals, offset);
      else for (const samples of goals) samples.fill(0);
      at += count;
    }
  }
}
