// What a worker does, wherever it runs. In: { library, model, weights } first, then { chunk, into } for each chunk, with
// memory for its stems where there is some. Out: { ready: true, bytes } and { separated, chunk }, or { code, detail } instead.

import { cutArrays, readArchive } from "./archive.js";
import { Engine } from "./engine.js";
import { suggestCollection } from "./garbage.js";

/** @type {Promise<Engine> | null} */
let engine = null;

/** @param {{ library: BufferSource, model: import("./core.js").Description, weights: Uint8Array<ArrayBuffer> }} setup */
async function start({ library, model, weights }) {
  const places = model.weights.arrays;
  const reading = places ? cutArrays(weights, places) : readArchive(weights);
  const [module, arrays] = await Promise.all([WebAssembly.compile(library), reading]);
  return new Engine(module, model, arrays);
}

/**
 * Do what a message asks for.
 * @param {any} message
 * @param {(answer: object, transfer: ArrayBuffer[]) => void} answer
 */
export async function perform(message, answer) {
  try {
    if (message.library) {
      engine = start(message);
      answer({ ready: true, bytes: (await engine).bytes }, []);
      setTimeout(suggestCollection); // of the weights as they came, which this call still holds
    } else {
      const { chunk, into } = message;
      const separated = /** @type {Engine} */ (await engine).separate(chunk, into);
      answer({ separated, chunk }, [separated.buffer, chunk.buffer]); // both are used again
    }
  } catch (error) {
    answer({ code: error instanceof RangeError ? "memory" : "failed", detail: String(error) }, []);
  }
}
