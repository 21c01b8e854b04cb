// Asks the worker for the SHA-256 of files; null where there is none to be had, and the file is simply sent.

/** @typedef {{ offset: number, length: number }} Range in bytes */
/** @typedef {{ nonce: string, ranges: Range[], token: string }} Proof what the server wants to know of a file */
/** @typedef {{ onProgress?: (share: number) => void, done: (checksum: string | null) => void }} Waiting */

export class Checksums {
  /** @type {Worker | null} */
  #worker;
  /** @type {Map<number, Waiting>} by the number of the question */
  #waiting = new Map();
  #last = 0;

  /** @param {string} address of the worker's script */
  constructor(address) {
    this.#worker = new Worker(address, { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    this.#worker.addEventListener("error", () => this.#giveUp());
  }

  /**
   * Calculate the checksum of a file in hexadecimal.
   * @param {File} file
   * @param {(share: number) => void} onProgress from 0 to 1
   * @param {AbortSignal} signal
   * @returns {Promise<string | null>}
   */
  of(file, onProgress, signal) {
    const { id, checksum } = this.#ask({ file }, onProgress);
    signal.addEventListener("abort", () => this.#worker?.postMessage({ id, stop: true }));
    return checksum;
  }

  /**
   * Calculate the digest that proves possession of `file`: of the proof's nonce and of its ranges.
   * @param {File} file
   * @param {Proof} proof
   */
  prove(file, { nonce, ranges }) {
    return this.#ask({ file, nonce, ranges }).checksum;
  }

  /**
   * @param {object} question
   * @param {(share: number) => void} [onProgress]
   * @returns {{ id: number, checksum: Promise<string | null> }}
   */
  #ask(question, onProgress) {
    this.#last += 1;
    const id = this.#last;
    const worker = this.#worker;
    if (!worker) return { id, checksum: Promise.resolve(null) };
    /** @type {Promise<string | null>} */
    const checksum = new Promise((done) => {
      this.#waiting.set(id, { onProgress, done });
    });
    worker.postMessage({ id, ...question });
    return { id, checksum };
  }

  /** @param {{ id: number, share: number, checksum?: string }} answer */
  #receive({ id, share, checksum }) {
    const waiting = this.#waiting.get(id);
    if (checksum === undefined) {
      waiting?.onProgress?.(share);
      return;
    }
    this.#waiting.delete(id);
    waiting?.done(checksum || null);
  }

  /** The worker did not start, or broke: nobody waits for it. */
  #giveUp() {
    this.#worker = null;
    for (const { done } of this.#waiting.values()) done(null);
    this.#waiting.clear();
  }
}
