// The entry for Node.

import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { Separator } from "./core.js";
import { hasRelaxedSimd } from "./engine.js";

export { RATE } from "./engine.js";
export { SeparatorError } from "./errors.js";
export { FlacEncoder, flacHeader } from "./flac_encoder.js";

/**
 * Read a model's weights, and start workers with it.
 * @param {import("./core.js").Description} model whose `weights.files` are paths, resolved from this script
 * @param {object} [options]
 * @param {number} [options.workers]
 * @param {boolean} [options.relaxed] use the build with relaxed SIMD; by default, where it runs
 * @returns {Promise<Separator>}
 */
export async function load(model, { workers = 2, relaxed = hasRelaxedSimd() } = {}) {
  const [library, ...files] = await Promise.all([readLibrary(relaxed), ...model.weights.files.map(readBytes)]);
  const weights = new Uint8Array(Buffer.concat(files));
  return Separator.start(model, { library, weights }, Array.from({ length: workers }, makeWorker));
}

/** @param {boolean} [relaxed] */
export const readLibrary = (relaxed = hasRelaxedSimd()) =>
  readBytes(relaxed ? "separator_relaxed.wasm" : "separator.wasm");

/** @param {string} path */
async function readBytes(path) {
  return new Uint8Array(await readFile(new URL(path, import.meta.url)));
}

/** @returns {import("./pool.js").WorkerLike} */
function makeWorker() {
  const worker = new Worker(new URL("./node_worker.js", import.meta.url));
  return {
    postMessage: (message, transfer) =>
      worker.postMessage(message, /** @type {import("node:worker_threads").Transferable[]} */ (transfer)),
    terminate: () => worker.terminate(),
    listen(onMessage, onError) {
      worker.on("message", onMessage);
      worker.on("error", (error) => onError(String(error)));
    },
  };
}
