// Decodes a file piece by piece with the browser's own decoders, so that no more of it is in memory than is needed next.
// Pieces join to the sample: each is decoded with what its decoder needs of the sound before, which is cut off.

import { evenScale } from "stemoteca/browser_separation/scale";
import { suggestCollection } from "stemoteca-separator";

/** @typedef {import("stemoteca-separator").Channels} Channels */

/**
 * A piece: `header` and the bytes `from` to `to` of the file are a file of their own, whose first sample is the song's
 * sample `begin`; where nobody knows that before it is decoded, the last one is the song's `end - 1`. Samples `start` to
 * `end` are kept.
 * @typedef {object} PlannedPiece
 * @property {Uint8Array<ArrayBuffer>} header
 * @property {number} from
 * @property {number} to
 * @property {number} [begin]
 * @property {number} start
 * @property {number} end
 */

/**
 * How a file is decoded: `skip` samples at its beginning are none of the song's, whose `length` is that of each channel.
 * @typedef {{ rate: number, pieces: PlannedPiece[], skip: number, length: number }} Plan
 */

/** @typedef {{ channels: Channels, begin: number, length: number }} Decoded */

export class PieceDecoder {
  /** @type {Promise<Decoded> | null} */
  #first = null;

  /**
   * @param {Blob} file
   * @param {Plan} plan
   * @throws {DOMException} for a rate that the browser does not decode at
   */
  constructor(file, plan) {
    this.file = file;
    this.plan = plan;
    this.context = new OfflineAudioContext(2, 1, plan.rate);
    this.skip = plan.skip;
    this.length = plan.length;
  }

  /** Decode the first piece; resolves to whether the browser decodes it as planned. */
  async open() {
    const [piece] = this.plan.pieces;
    if (!piece) return false;
    this.#first = this.#decode(piece);
    const { begin, length } = await this.#first;
    if (piece.begin !== undefined) return length === piece.end - piece.begin;
    // What counts from later on was cut out of something longer.
    this.skip += Math.max(begin, 0);
    this.length -= Math.max(begin, 0);
    return begin > -this.plan.rate && this.length > 0;
  }

  /**
   * Get the song's samples, each of which is there until the next ones are asked for.
   * @returns {AsyncGenerator<Channels, void, void>}
   * @throws {DOMException} where a piece cannot be decoded
   */
  async *pieces() {
    const { pieces } = this.plan;
    let decoding = this.#first;
    for (const [number, piece] of pieces.entries()) {
      const decoded = await (decoding ?? this.#decode(piece));
      const next = pieces[number + 1];
      decoding = next ? this.#decode(next) : null; // while this piece is used
      decoding?.catch(() => undefined); // which is said when its turn comes
      yield this.#kept(piece, decoded);
      suggestCollection(); // of this one
    }
  }

  /**
   * @param {PlannedPiece} piece
   * @returns {Promise<Decoded>}
   */
  async #decode({ header, from, to, begin, end }) {
    const bytes = await new Blob([header, this.file.slice(from, to)]).arrayBuffer();
    const buffer = await this.context.decodeAudioData(bytes);
    return { channels: await stereo(buffer), begin: begin ?? end - buffer.length, length: buffer.length };
  }

  /**
   * What is the song's of a piece; silence where the browser decoded less of it.
   * @param {PlannedPiece} piece
   * @param {Decoded} decoded
   */
  #kept({ start, end }, { channels, begin, length }) {
    const from = Math.max(start, this.skip) - begin;
    const to = Math.min(end, this.skip + this.length) - begin;
    return /** @type {Channels} */ (
      channels.map((samples) => {
        if (to <= length) return samples.subarray(from, Math.max(to, from));
        const whole = new Float32Array(Math.max(to - from, 0));
        whole.set(samples.subarray(from));
        return whole;
      })
    );
  }
}

/**
 * Get two channels of what was decoded; those of a mono file are the same one, and films are mixed as the browser does it
 * when it plays them.
 * @param {AudioBuffer} buffer
 * @returns {Promise<Channels>}
 */
export async function stereo(buffer) {
  const sound = buffer.numberOfChannels > 2 ? await mixed(buffer) : buffer;
  const channels = Array.from({ length: sound.numberOfChannels }, (_, side) => sound.getChannelData(side));
  evenScale(channels);
  const [left = new Float32Array(0), right = left] = channels;
  return [left, right];
}

/** @param {AudioBuffer} buffer */
function mixed(buffer) {
  const context = new OfflineAudioContext(2, buffer.length, buffer.sampleRate);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  return context.startRendering();
}
