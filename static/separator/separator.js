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
 * @param {Description} model whose `weights.file` is an address, resolved from this script
 * @param {object} [options]
 * @param {number} [options.workers] two separate about twice as fast as one, with twice the memory
 * @param {boolean} [options.relaxed] use the build with relaxed SIMD; by default, where it runs
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<Separator>}
 * @throws {SeparatorError} or the signal's reason
 */
export async function load(model, { workers = 2, relaxed, signal } = {}) {
  if (!hasSimd()) throw new SeparatorError("unsupported", "no WebAssembly with SIMD");
  const [library, weights] = await Promise.all(
    [libraryFile(relaxed), model.weights.file].map((file) => fetchBytes(new URL(file, import.meta.url), signal)),
  );
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
 * @param {URL} address
 * @param {AbortSignal | undefined} signal
 */
async function fetchBytes(address, signal) {
  try {
    const answer = await fetch(address, signal ? { signal } : {});
    if (!answer.ok) throw new SeparatorError("network", `${address}: status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof SeparatorError ? error : new SeparatorError("network", `${address}: ${error}`);
  }
}
