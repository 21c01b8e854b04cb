// The stems that are made in this browser, for the player and to take home. A worker keeps them.

// What the worker, which has no import map, imports: in this order.
const MODULES = [
  "stemoteca-separator",
  "stemoteca/player/rendering/flac_segment",
  "stemoteca/browser_separation/stem_files",
  "stemoteca/browser_separation/zip",
];

/** The worker could not do what it was asked for. */
export class StemFilesError extends Error {}

export class LocalStems {
  #worker = new Worker(import.meta.resolve("stemoteca/browser_separation/stem_files_worker"), { type: "module" });
  /** @type {Map<number, { done: (answer: any) => void, fail: (error: Error) => void }>} */
  #waiting = new Map();
  #last = 0;
  /** @type {Error | null} */
  #ended = null;
  gain = 1;
  segments = 0; // of every stem
  /** @type {number[][]} of each stem, 0 to 255 */
  peaks;

  /**
   * @param {string[]} names of the stems
   * @param {number} samples of the song
   */
  constructor(names, samples) {
    this.names = names;
    this.samples = samples;
    this.peaks = names.map(() => []);
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    this.#worker.addEventListener("error", () => this.close());
    const modules = MODULES.map((module) => import.meta.resolve(module));
    this.#worker.postMessage({ modules, stems: names.length, samples });
  }

  /**
   * Append samples, which are gone then; resolves to their memory.
   * @param {import("stemoteca-separator").Piece} piece
   * @returns {Promise<ArrayBuffer>}
   */
  async write({ stems }) {
    const memory = /** @type {ArrayBuffer} */ (stems[0]?.[0].buffer); // of all of them
    const state = await this.#ask({ piece: stems, memory }, [memory]);
    this.#show(state);
    return state.memory;
  }

  /** All samples are there. */
  async finish() {
    this.#show(await this.#ask({ finish: true }));
  }

  /**
   * What the player plays, from `peaks` and `segment` of this.
   * @param {number} rate
   * @param {number} segment
   * @returns {import("stemoteca/player/player").Recording}
   */
  recording(rate, segment) {
    return {
      ...{ track: "", played: "", frames: this.samples, rate, segment, ready: this.segments },
      stems: this.names.map((name, index) => ({ name, segments: `${index}/0/`, peaks: String(index) })),
      local: {
        segment: (address) => this.#segment(address),
        peaks: (stem, from) => Float32Array.from(this.peaks[stem]?.slice(from) ?? [], (peak) => peak / this.gain),
      },
    };
  }

  /**
   * Make a file of a stem, or a zip of several.
   * @param {"flac" | "wav"} form
   * @param {{ stem: number, name: string }[]} names of the files
   * @returns {Promise<Blob>}
   */
  async take(form, names) {
    return (await this.#ask({ form, names })).file;
  }

  /** Let go of all of it. */
  close() {
    this.#worker.terminate();
    this.#ended = new StemFilesError("the stems are gone");
    for (const { fail } of this.#waiting.values()) fail(this.#ended);
    this.#waiting.clear();
  }

  /** @param {string} address stem and number, as in `recording` */
  async #segment(address) {
    const [stem, number] = address.split("/").map(Number);
    try {
      const { file, gain } = await this.#ask({ stem, number });
      if (file) return new Response(file, { headers: { "X-Gain": String(gain) } });
    } catch (error) {
      if (!(error instanceof StemFilesError)) throw error;
    }
    return new Response(null, { status: 404 });
  }

  /** @param {{ gain: number, segments: number, peaks: number[][] }} state */
  #show({ gain, segments, peaks }) {
    Object.assign(this, { gain, segments, peaks });
  }

  /**
   * @param {object} message
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  #ask(message, transfer = []) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((done, fail) => {
      if (this.#ended) {
        fail(this.#ended);
        return;
      }
      this.#waiting.set(id, { done, fail });
      this.#worker.postMessage({ id, ...message }, transfer);
    });
  }

  /** @param {any} data */
  #receive({ id, failed, ...answer }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failed) waiting?.fail(new StemFilesError(failed));
    else waiting?.done(answer);
  }
}
