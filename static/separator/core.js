// Separates songs, with a model, on some workers. What is left to its callers is where files and workers come from:
// separator.js for browsers, node.js for Node.

import { countChunks, cutChunks, OverlapAdd } from "./chunks.js";
import { CHUNK } from "./engine.js";
import { SeparatorError } from "./errors.js";
import { Pool } from "./pool.js";
import { Sha256 } from "./sha256.js";

/** @typedef {import("./chunks.js").Channels} Channels */
/** @typedef {import("./chunks.js").Piece} Piece */
/** @typedef {import("./chunks.js").Song} Song */

/**
 * Where a model's weights are: `files` joined are `size` bytes, a NumPy archive, or the data of a checkpoint with `arrays`
 * of float32.
 * @typedef {object} WeightFiles
 * @property {string[]} files
 * @property {string} sha256
 * @property {number} size
 * @property {Record<string, [byte: number, count: number]>} [arrays]
 */

/**
 * A model as `models.json` has it: what the network looks like, and where its weights are.
 * @typedef {import("./engine.js").Model & { weights: WeightFiles }} Description
 */

/**
 * @typedef {object} Files
 * @property {Uint8Array<ArrayBuffer>} library the WebAssembly
 * @property {Uint8Array<ArrayBuffer>} weights
 */

export class Separator {
  #pool;
  /** @type {Float32Array<ArrayBuffer>[]} memory for stems */
  #spare = [];

  /** Use `start`, or `load` of separator.js or node.js. @param {Description} model @param {Pool} pool */
  constructor(model, pool) {
    this.model = model;
    this.#pool = pool;
    /** @type {number} memory of each worker's library in bytes */
    this.bytes = 0;
  }

  /**
   * Start the workers with a model.
   * @param {Description} model
   * @param {Files} files
   * @param {import("./pool.js").WorkerLike[]} workers each separates a chunk at a time
   * @throws {SeparatorError}
   */
  static async start(model, { library, weights }, workers) {
    const separator = new Separator(model, new Pool(workers));
    try {
      if (new Sha256().update(weights).hex() !== model.weights.sha256) {
        throw new SeparatorError("damaged", "the weights are not those of the model");
      }
      const answers = await separator.#pool.everyone({ library, model, weights });
      separator.bytes = answers[0].bytes;
    } catch (error) {
      separator.close();
      throw error;
    }
    return separator;
  }

  /**
   * Separate a song, piece by piece, in its order; all pieces together are as long as the song. Who takes no more pieces
   * ends it, and so does `signal`. Songs can be separated at the same time.
   * @param {Channels | Song} song both channels, at 44,100 Hz; for a mono song the same one twice. Of a song in pieces, no
   *   more are taken than are needed next
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {(share: number) => void} [options.onProgress] from 0 to 1
   * @returns {AsyncGenerator<Piece, void, void>}
   * @throws {SeparatorError} or the signal's reason
   */
  async *separate(song, { signal, onProgress } = {}) {
    const whole = Array.isArray(song) ? inOnePiece(song) : song;
    const count = countChunks(whole.length);
    /** @type {Float32Array<ArrayBuffer>[]} */
    const spare = [];
    const chunks = cutChunks(whole, spare);
    const overlapAdd = new OverlapAdd(whole.length);
    const stop = rejection(signal);
    /** @type {Promise<any>[]} one more than there are workers, so that none of them waits */
    const running = [];
    try {
      for (let next = 0, done = 0; done < count; done += 1) {
        for (; next < count && running.length <= this.#pool.size; next += 1) {
          const { value } = await Promise.race([chunks.next(), stop]);
          const chunk = /** @type {Float32Array<ArrayBuffer>} */ (value);
          const task = this.#pool.run(() => {
            const into = this.#spare.pop();
            return { message: { chunk, into }, transfer: into ? [chunk.buffer, into.buffer] : [chunk.buffer] };
          });
          task.catch(() => undefined); // it is waited for in its turn
          running.push(task);
        }
        const { separated, chunk } = await Promise.race([running.shift(), stop]);
        spare.push(chunk);
        signal?.throwIfAborted();
        onProgress?.((done + 1) / count);
        yield overlapAdd.add(separated);
      }
    } finally {
      chunks.return(); // which ends the pieces as well, once the next one is there
    }
  }

  /**
   * Give the memory of a piece back, to be used again: browsers free it late, as they forget how much waits for their garbage
   * collector. Its samples are gone then.
   * @param {ArrayBuffer} buffer that of all of a piece's samples
   */
  recycle(buffer) {
    if (buffer.byteLength === 8 * CHUNK * this.model.stems.length) this.#spare.push(new Float32Array(buffer));
  }

  /** End the workers, which frees their memory. */
  close() {
    this.#pool.close();
  }
}

/**
 * @param {Channels} song
 * @returns {Song}
 */
function inOnePiece(song) {
  const [{ length }, right] = song;
  if (right.length !== length) throw new TypeError("both channels must be equally long");
  return { length, pieces: [song] };
}

/**
 * A promise that is rejected when a signal says so.
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<never>}
 */
function rejection(signal) {
  /** @type {Promise<never>} */
  const promise = new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}
