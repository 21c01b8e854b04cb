// Speaks to the worker that makes what is heard. Memory goes back and forth between the two and is used again; what a
// browser decodes is copied into it. (To hand that over without a copy takes more memory: a browser frees it when it
// collects garbage, and forgets meanwhile how much it is.)

/** @typedef {import("stemoteca/player/rendering/renderer").Piece} Piece */
/** @typedef {{ piece: Piece, heard: number, length: number, chosen: number[] }} Order */

/** The worker could not do what it was asked for. */
export class RenderError extends Error {}

/** The worker was stopped meanwhile. */
export class StoppedError extends Error {}

export class RendererClient {
  #worker;
  /** @type {{ done: (samples: Float32Array) => void, fail: (error: Error) => void }[]} */
  #waiting = [];
  /** @type {ArrayBuffer[]} for what is made */
  #spare = [];
  /** @type {ArrayBuffer[]} for a channel of a segment each */
  #spareChannels = [];

  /**
   * @param {number} stems
   * @param {number} segment frames in each segment
   * @param {number} rate in hertz
   */
  constructor(stems, segment, rate) {
    this.#worker = new Worker(import.meta.resolve("stemoteca/player/rendering/renderer_worker"), { type: "module" });
    this.segment = segment;
    this.#worker.addEventListener("message", ({ data }) => {
      if (data.spare) {
        this.#spareChannels.push(...data.spare);
        return;
      }
      const waiting = this.#waiting.shift();
      if (data.samples) waiting?.done(data.samples);
      else waiting?.fail(new RenderError(data.error));
    });
    this.#worker.addEventListener("error", () => {
      for (const { fail } of this.#waiting.splice(0)) fail(new RenderError("the worker does not run"));
    });
    const modules = ["renderer", "resampler", "stretcher"].map((name) => {
      return import.meta.resolve(`stemoteca/player/rendering/${name}`);
    });
    const wasm = import.meta.resolve("signalsmith-stretch");
    this.#worker.postMessage({ modules, wasm, stems, segment, rate });
  }

  /** Load what changes speed and key, so that the first change is heard at once. */
  prepare() {
    this.#worker.postMessage({ prepare: true });
  }

  /**
   * Have a decoded segment kept.
   * @param {number} stem
   * @param {number} number
   * @param {Float32Array[]} decoded channels
   * @param {number} gain by which the stem was stored quieter
   */
  keep(stem, number, decoded, gain) {
    const channels = decoded.map((samples) => {
      const memory = this.#spareChannels.pop() ?? new ArrayBuffer(4 * this.segment);
      const kept = new Float32Array(memory, 0, samples.length);
      kept.set(samples);
      return kept;
    });
    this.#worker.postMessage(
      { stem, number, channels, gain },
      channels.map((samples) => samples.buffer),
    );
  }

  /**
   * @param {number} stem
   * @param {number} number
   */
  drop(stem, number) {
    this.#worker.postMessage({ stem, number });
  }

  /**
   * Make what is heard of the chosen stems: both channels of one after the other.
   * @param {Order} order
   * @returns {Promise<Float32Array>}
   * @throws {RenderError}
   */
  render(order) {
    const buffer = this.#spare.pop();
    this.#worker.postMessage({ ...order, buffer }, buffer ? [buffer] : []);
    return new Promise((done, fail) => {
      this.#waiting.push({ done, fail });
    });
  }

  /** End the worker; who waits for it waits in vain. */
  stop() {
    this.#worker.terminate();
    for (const { fail } of this.#waiting.splice(0)) fail(new StoppedError("the worker was stopped"));
  }

  /**
   * Give memory back that `render` made.
   * @param {Float32Array} samples
   */
  recycle(samples) {
    if (samples.buffer instanceof ArrayBuffer) this.#spare.push(samples.buffer);
  }
}
