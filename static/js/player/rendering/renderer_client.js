// Speaks to the worker that decodes segments and makes what is heard. Memory for that goes back and forth between the two
// and is used again.

/** @typedef {import("stemoteca/player/rendering/renderer").Piece} Piece */
/** @typedef {{ piece: Piece, heard: number, length: number, chosen: number[] }} Order */

/** @typedef {"network" | "unplayable"} Reason */

// What the worker, which has no import map, imports: in this order.
const MODULES = [
  "stemoteca/player/rendering/renderer",
  "stemoteca/player/rendering/resampler",
  "stemoteca/player/rendering/stretcher",
  "stemoteca/player/rendering/flac_segment",
  "stemoteca/player/rendering/opus_segment",
];

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
  /** @type {((reason?: Reason) => void)[]} for each segment that is to be kept */
  #deliveries = [];
  /** @type {PromiseWithResolvers<boolean> | null} */
  #prepared = null;

  #files;

  /**
   * @param {number} stems
   * @param {import("stemoteca/player/sound/codecs").Codec} codec
   * @param {number} rate in hertz
   * @param {import("stemoteca/player/sound/file_pool").FilePool} files that get the memory of segments back
   */
  constructor(stems, { name, segment }, rate, files) {
    this.#files = files;
    this.#worker = new Worker(import.meta.resolve("stemoteca/player/rendering/renderer_worker"), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => {
      if (data.spare) {
        this.#files.give(data.spare);
        return;
      }
      if (data.delivered) {
        this.#deliveries.shift()?.(data.reason);
        return;
      }
      if (data.prepared !== undefined) {
        this.#tellPrepared(data.prepared);
        return;
      }
      const waiting = this.#waiting.shift();
      if (data.samples) waiting?.done(data.samples);
      else waiting?.fail(new RenderError(data.error));
    });
    this.#worker.addEventListener("error", () => {
      for (const { fail } of this.#waiting.splice(0)) fail(new RenderError("the worker does not run"));
      for (const done of this.#deliveries.splice(0)) done("unplayable");
      this.#tellPrepared(false);
    });
    const modules = MODULES.map((module) => import.meta.resolve(module));
    const [stretcher, opus] = ["signalsmith-stretch", "opus-decoder"].map((library) => import.meta.resolve(library));
    this.#worker.postMessage({ modules, stretcher, opus, codec: name, stems, segment, rate });
  }

  /** Load what changes speed and key, so that the first change is heard at once; resolves to whether it is there. */
  prepare() {
    if (!this.#prepared) this.#worker.postMessage({ prepare: true });
    this.#prepared ??= Promise.withResolvers();
    return this.#prepared.promise;
  }

  /** @param {boolean} isThere what failed is tried again next time */
  #tellPrepared(isThere) {
    this.#prepared?.resolve(isThere);
    if (!isThere) this.#prepared = null;
  }

  /**
   * Have a segment kept; resolves to why that is impossible, if it is.
   * @param {number} stem
   * @param {number} number
   * @param {Uint8Array<ArrayBuffer>} file
   * @param {number} length in frames
   * @param {number} gain by which the stem was stored quieter
   * @returns {Promise<Reason | undefined>}
   */
  keep(stem, number, file, length, gain) {
    this.#worker.postMessage({ stem, number, file, length, gain }, [file.buffer]);
    return new Promise((done) => {
      this.#deliveries.push(done);
    });
  }

  /** @param {number} stems how many there are by now */
  grow(stems) {
    this.#worker.postMessage({ stems });
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
    for (const done of this.#deliveries.splice(0)) done();
    this.#tellPrepared(false);
  }

  /**
   * Give memory back that `render` made.
   * @param {Float32Array} samples
   */
  recycle(samples) {
    if (samples.buffer instanceof ArrayBuffer) this.#spare.push(samples.buffer);
  }
}
