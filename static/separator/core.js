// Separates songs, with a model, on some workers. What is left to its callers is where files and workers come from:
// separator.js for browsers, node.js for Node.

import { countChunks, cutChunk, OverlapAdd } from "./chunks.js";
import { SeparatorError } from "./errors.js";
import { Pool } from "./pool.js";
import { Sha256 } from "./sha256.js";

/** @typedef {import("./chunks.js").Channels} Channels */
/** @typedef {import("./chunks.js").Piece} Piece */

/**
 * A model as `models.json` has it: what the network looks like, and where its weights are.
 * @typedef {import("./engine.js").Model & { weights: { file: string, sha256: string } }} Description
 */

/**
 * @typedef {object} Files
 * @property {Uint8Array<ArrayBuffer>} library the WebAssembly
 * @property {Uint8Array<ArrayBuffer>} weights
 */

export class Separator {
  #pool;

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
   * @param {Channels} song both channels, at 44,100 Hz; for a mono song the same one twice
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {(share: number) => void} [options.onProgress] from 0 to 1
   * @returns {AsyncGenerator<Piece, void, void>}
   * @throws {SeparatorError} or the signal's reason
   */
  async *separate(song, { signal, onProgress } = {}) {
    const [{ length }, right] = song;
    if (right.length !== length) throw new TypeError("both channels must be equally long");
    const count = countChunks(length);
    const overlapAdd = new OverlapAdd(length);
    const stop = rejection(signal);
    /** @type {Promise<any>[]} one more than there are workers, so that none of them waits */
    const running = [];
    for (let next = 0, done = 0; done < count; done += 1) {
      for (; next < count && running.length <= this.#pool.size; next += 1) {
        const chunk = cutChunk(song, next);
        const task = this.#pool.run({ chunk }, [chunk.buffer]);
        task.catch(() => undefined); // it is waited for in its turn
        running.push(task);
      }
      const { separated } = await Promise.race([running.shift(), stop]);
      signal?.throwIfAborted();
      onProgress?.((done + 1) / count);
      yield overlapAdd.add(separated);
    }
  }

  /** End the workers, which frees their memory. */
  close() {
    this.#pool.close();
  }
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
