// Encodes 16-bit stereo as FLAC (RFC 9639), with the encoder of Stemoteca's own engine. A file is the header and then all
// frames; what is encoded can be kept, and put together, in any number of pieces.

import { Arena, instantiate, RATE } from "./engine.js";

export const FRAME_SAMPLES = 4096;
export const HEADER_BYTES = 42;
const PIECE = 32 * FRAME_SAMPLES; // that is encoded at a time

export class FlacEncoder {
  #library;
  #addresses;

  /** @param {WebAssembly.Module} module one of the two builds */
  constructor(module) {
    this.#library = instantiate(module);
    const arena = new Arena(this.#library);
    this.capacity = this.#library.flac_bytes(PIECE);
    const pcm = arena.reserve(4 * PIECE);
    const sizes = arena.reserve((4 * PIECE) / FRAME_SAMPLES);
    this.#addresses = { pcm, sizes, frames: arena.reserve(this.capacity) };
  }

  /**
   * Encode samples as frames.
   * @param {Int16Array} pcm left and right in turn; but for the last ones of a file, a multiple of FRAME_SAMPLES of them
   * @param {number} number of the first frame in its file
   * @returns {Uint8Array<ArrayBuffer>}
   */
  frames(pcm, number) {
    const { pcm: from, sizes, frames } = this.#addresses;
    const memory = this.#library.memory.buffer;
    /** @type {Uint8Array[]} */
    const encoded = [];
    for (let at = 0; at < pcm.length; at += 2 * PIECE) {
      const piece = pcm.subarray(at, at + 2 * PIECE);
      new Int16Array(memory, from, piece.length).set(piece);
      const first = number + at / 2 / FRAME_SAMPLES;
      const count = piece.length / 2;
      const size = this.#library.flac_frames(from, count, first, frames, this.capacity, sizes, PIECE / FRAME_SAMPLES);
      encoded.push(new Uint8Array(memory, frames, size).slice());
    }
    const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
    encoded.reduce((at, piece) => {
      bytes.set(piece, at);
      return at + piece.length;
    }, 0);
    return bytes;
  }
}

/**
 * Make what a file begins with.
 * @param {number} samples of each channel
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function flacHeader(samples) {
  const header = new Uint8Array(HEADER_BYTES); // sizes of frames and the digest of the samples are unknown: zero
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x664c6143); // "fLaC"
  view.setUint32(4, 0x80000022); // the last block of metadata: 34 bytes about the stream
  view.setUint16(8, FRAME_SAMPLES);
  view.setUint16(10, FRAME_SAMPLES);
  const form = (BigInt(RATE) << 44n) | (1n << 41n) | (15n << 36n) | BigInt(samples); // two channels of 16 bits
  view.setBigUint64(18, form);
  return header;
}
