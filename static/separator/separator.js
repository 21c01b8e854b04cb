// The entry for browsers.

import { Separator } from "./core.js";
import { hasRelaxedSimd, hasSimd } from "./engine.js";
import { SeparatorError } from "./errors.js";

export { RATE } from "./engine.js";
export { FlacEncoder, flacHeader } from "./flac_encoder.js";
export { suggestCollection } from "./garbage.js";
export { SeparatorError };

/** @typedef {import("./core.js").Description} Description */
/** @typedef {import("./core.js").Piece} Piece */
/** @typedef {import("./core.js").Channels} Channels */
/** @typedef {import("./core.js").Song} Song */

/** The file of the faster build that runs here, beside this script. */
export const libraryFile = (relaxed = hasRelaxedSimd()) => (relaxed ? "separator_relaxed.wasm" : "separator.wasm");

/**
 * Fetch a model's weights, and start workers with it.
 * @param {Description} model whose `weights.files` are addresses, resolved from this script
 * @param {object} [options]
 * @param {number} [options.workers] two separate about twice as fast as one, with twice the memory
 * @param {boolean} [options.relaxed] use the build with relaxed SIMD; by default, where it runs
 * @param {AbortSignal} [options.signal]
 * @param {(share: number) => void} [options.onProgress] how much of the weights is here, from 0 to 1
 * @returns {Promise<Separator>}
 * @throws {SeparatorError} or the signal's reason
 */
export async function load(model, { workers = 2, relaxed, signal, onProgress } = {}) {
  if (!hasSimd()) throw new SeparatorError("unsupported", "no WebAssembly with SIMD");
  const [library, weights] = await Promise.all([
    fetchBytes(libraryFile(relaxed), signal),
    fetchWeights(model.weights, signal, onProgress),
  ]);
  signal?.throwIfAborted();
  const started = Array.from({ length: workers }, makeWorker);
  return Separator.start(model, /** @type {import("./core.js").Files} */ ({ library, weights }), started);
}

/** @returns {import("./pool.js").WorkerLike} */
function makeWorker() {
  const worker = new Worker(new URL("./separator_worker.js", import.meta.url), { type: "module" });
  return {
    postMessage: (message, transfer) => worker.postMessage(message, { transfer }),
    terminate: () => worker.terminate(),
    listen(onMessage, onError) {
      worker.addEventListener("message", ({ data }) => onMessage(data));
      worker.addEventListener("error", ({ message }) => onError(message || "the worker cannot be loaded"));
    },
  };
}

/**
 * Fetch one file after the other into one memory.
 * @param {import("./core.js").WeightFiles} weights
 * @param {AbortSignal | undefined} signal
 * @param {((share: number) => void) | undefined} onProgress
 */
async function fetchWeights({ files, size }, signal, onProgress) {
  const joined = new Uint8Array(size);
  let filled = 0;
  for (const file of files) {
    for await (const bytes of receive(file, signal)) {
      if (filled + bytes.length > size)
        throw new SeparatorError("damaged", `the weights are longer than ${size} bytes`);
      joined.set(bytes, filled);
      filled += bytes.length;
      onProgress?.(filled / size);
    }
  }
  return filled === size ? joined : joined.slice(0, filled); // whose digest is another one
}

/** @param {string} file @param {AbortSignal | undefined} signal */
async function fetchBytes(file, signal) {
  const parts = [];
  for await (const bytes of receive(file, signal)) parts.push(bytes);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Receive a file, as it comes.
 * @param {string} file an address, resolved from this script
 * @param {AbortSignal | undefined} signal
 */
async function* receive(file, signal) {
  const address = new URL(file, import.meta.url);
  try {
    const answer = await fetch(address, signal ? { signal } : {});
    if (!answer.ok || !answer.body) throw new SeparatorError("network", `${address}: status ${answer.status}`);
    const reader = answer.body.getReader(); // Safari cannot iterate over streams
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      yield/** @type {Uint8Array<ArrayBuffer>} */ (value);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof SeparatorError ? error : new SeparatorError("network", `${address}: ${error}`);
  }
}
