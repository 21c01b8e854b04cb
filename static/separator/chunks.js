// The chunks in which a song goes through a network, and how the stems of the chunks become those of the song: neighbours
// overlap, and there their stems are added.

import { CHUNK, LEAD, STRIDE } from "./engine.js";

const OVERLAP = CHUNK - STRIDE;
const LIMIT = 1e6; // 120 dB over full scale: the squares of louder samples' spectra would overflow

/** @typedef {[left: Float32Array, right: Float32Array]} Channels */

/**
 * Samples of all stems, in the order of the model, from one of the song's samples on.
 * @typedef {{ from: number, stems: Channels[] }} Piece
 */

/** @param {number} samples of a song */
export const countChunks = (samples) => (samples ? Math.ceil((LEAD + samples) / STRIDE) : 0);

/**
 * Copy a chunk of a song: both channels, one after the other; zeros before and behind the song.
 * @param {Channels} song
 * @param {number} number
 */
export function cutChunk(song, number) {
  const chunk = new Float32Array(2 * CHUNK);
  const begin = number * STRIDE - LEAD;
  for (const [side, samples] of song.entries()) {
    const part = samples.subarray(Math.max(begin, 0), begin + CHUNK);
    chunk.set(part, side * CHUNK + Math.max(-begin, 0));
  }
  for (let at = 0; at < chunk.length; at += 1) {
    const value = /** @type {number} */ (chunk[at]);
    if (value > LIMIT || value < -LIMIT) chunk[at] = Math.sign(value) * LIMIT;
  }
  return chunk;
}

export class OverlapAdd {
  /** @type {Float32Array[]} of each channel of each stem: what the next chunk's begins with */
  #tails = [];
  #number = 0;

  /** @param {number} samples of the song */
  constructor(samples) {
    this.samples = samples;
  }

  /**
   * Add the stems of the next chunk, which are changed; returns what is finished by now.
   * @param {Float32Array} separated [stems * 2 * CHUNK]
   * @returns {Piece}
   */
  add(separated) {
    const begin = this.#number * STRIDE - LEAD;
    const from = Math.max(begin, 0);
    const to = Math.min(begin + STRIDE, this.samples);
    const rows = Array.from({ length: separated.length / CHUNK }, (_, row) => {
      const samples = separated.subarray(row * CHUNK, (row + 1) * CHUNK);
      const tail = this.#tails[row];
      for (let at = 0; tail && at < OVERLAP; at += 1) {
        samples[at] = /** @type {number} */ (samples[at]) + /** @type {number} */ (tail[at]);
      }
      this.#tails[row] = samples.slice(STRIDE);
      return samples.subarray(from - begin, to - begin);
    });
    this.#number += 1;
    const stems = Array.from({ length: rows.length / 2 }, (_, stem) => {
      return /** @type {Channels} */ (rows.slice(2 * stem, 2 * stem + 2));
    });
    return { from, stems };
  }
}
