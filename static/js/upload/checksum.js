// Asks the worker for the SHA-256 of files; null where there is none to be had, and the file is simply sent.

export class Checksums {
  constructor(address) {
    this.asked = new Map();
    this.last = 0;
    try {
      this.worker = new Worker(address, { type: "module" });
      this.worker.addEventListener("message", ({ data }) => this.#heard(data));
      this.worker.addEventListener("error", () => this.#lost());
    } catch {
      this.worker = null;
    }
  }

  /** Resolves to the checksum in hexadecimal, or null; `progress(share)` on the way, `signal` breaks it off. */
  of(file, progress, signal) {
    if (!this.worker) return Promise.resolve(null);
    const id = (this.last += 1);
    signal.addEventListener("abort", () => this.worker?.postMessage({ id, stop: true }));
    return new Promise((done) => {
      this.asked.set(id, { progress, done });
      this.worker.postMessage({ id, file });
    });
  }

  /** Resolves to the digest that proves possession of `file`: of the proof's nonce and of its ranges; or null. */
  prove(file, { nonce, ranges }) {
    if (!this.worker) return Promise.resolve(null);
    const id = (this.last += 1);
    return new Promise((done) => {
      this.asked.set(id, { done });
      this.worker.postMessage({ id, file, nonce, ranges });
    });
  }

  #heard({ id, share, checksum }) {
    const { progress, done } = this.asked.get(id) ?? {};
    if (checksum === undefined) {
      progress?.(share);
      return;
    }
    this.asked.delete(id);
    done?.(checksum || null);
  }

  /** The worker did not start, or broke: nobody waits for it. */
  #lost() {
    this.worker = null;
    for (const { done } of this.asked.values()) done(null);
    this.asked.clear();
  }
}
