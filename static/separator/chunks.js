// The chunks in which a song goes through a network, and how the stems of the chunks become those of the song: neighbours
// overlap, and there their stems are added.

import { CHUNK, LEAD, STRIDE } from "./engine.js";

const OVERLAP = CHUNK - STRIDE;
const LIMIT = 1e6; // 120 dB over full scale: the squares of louder samples' spectra would overflow

/** @typedef {[left: Float32Array, right: Float32Array]} Channels */

/**
 * A song that comes in pieces, of any sizes, one after another; `length` is that of all of them, in samples.
 * @typedef {{ length: number, pieces: Iterable<Channels> | AsyncIterable<Channels> }} Song
 */

/**
 * Samples of all stems, in the order of the model, from one of the song's samples on.
 * @typedef {{ from: number, stems: Channels[] }} Piece
 */

/** @param {number} samples of a song */
export const countChunks = (samples) => (samples ? Math.ceil((LEAD + samples) / STRIDE) : 0);

/**
 * Cut a song into chunks: both channels, one after the other; zeros before and behind the song.
 * @param {Song} song
 * @param {Float32Array<ArrayBuffer>[]} [spare] chunks to use again
 * @returns {AsyncGenerator<Float32Array<ArrayBuffer>, void, void>}
 */
export async function* cutChunks({ length, pieces }, spare = []) {
  let chunk = emptyChunk(spare);
  let filled = LEAD;
  let missing = length;
  for await (const piece of pieces) {
    missing -= piece[0].length;
    for (let at = 0; at < piece[0].length; ) {
      if (filled === CHUNK) {
        const next = followingChunk(chunk, spare);
        yield limited(chunk);
        chunk = next;
        filled = OVERLAP;
      }
      const count = Math.min(piece[0].length - at, CHUNK - filled);
      for (const [side, samples] of piece.entries()) {
        chunk.set(samples.subarray(at, at + count), side * CHUNK + filled);
      }
      at += count;
      filled += count;
    }
  }
  if (missing) throw new TypeError("the pieces are not as long as the song");
  if (!length) return;
  const next = followingChunk(chunk, spare);
  yield limited(chunk);
  if (filled > STRIDE) yield limited(next);
}

/** @param {Float32Array<ArrayBuffer>[]} spare */
const emptyChunk = (spare) => spare.pop()?.fill(0) ?? new Float32Array(2 * CHUNK);

/**
 * Begin the next chunk with what overlaps.
 * @param {Float32Array} chunk
 * @param {Float32Array<ArrayBuffer>[]} spare
 */
function followingChunk(chunk, spare) {
  const next = emptyChunk(spare);
  for (const side of [0, CHUNK]) next.set(chunk.subarray(side + STRIDE, side + CHUNK), side);
  return next;
}

/** @param {Float32Array<ArrayBuffer>} samples are changed */
function limited(samples) {
  for (let at = 0; at < samples.length; at += 1) {
    const value = /** @type {number} */ (samples[at]);
    if (value > LIMIT || value < -LIMIT) samples[at] = Math.sign(value) * LIMIT;
  }
  return samples;
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
