// Fetches and decodes segments: a few seconds of every stem at once. Only what is wanted stays in memory.

const TRIES = 4;
const REST = 2000; // milliseconds before something that failed is asked for again

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Segments {
  #kept = new Map(); // number -> { promise, buffers, stop }

  /** `addresses`: one per stem, to which `segments/<n>/` is added. */
  constructor(addresses, rate) {
    this.addresses = addresses;
    // Decodes to `rate` on every machine, and before anybody has pressed play.
    this.decoder = new OfflineAudioContext(2, 1, rate);
  }

  /** The decoded buffers of segment `n`, one per stem, or null while they are not there. */
  ready(n) {
    return this.#kept.get(n)?.buffers ?? null;
  }

  /** Have segment `n`: resolves to its buffers. A failed one is asked for again next time. */
  load(n) {
    const known = this.#kept.get(n);
    if (known && !(known.failed && Date.now() - known.failed > REST)) return known.promise;
    const stop = new AbortController();
    const entry = { buffers: null, stop, promise: null, failed: 0 };
    entry.promise = Promise.all(this.addresses.map((address) => this.#fetch(`${address}segments/${n}/`, stop.signal)))
      .then((buffers) => (entry.buffers = buffers))
      .catch((error) => {
        entry.failed = Date.now();
        stop.abort(); // its other stems are of no use alone
        throw error;
      });
    entry.promise.catch(() => {}); // whoever waits hears of it; nobody may be waiting
    this.#kept.set(n, entry);
    return entry.promise;
  }

  /** Load `wanted` one after another and let go of everything else. */
  async want(wanted) {
    for (const [n, entry] of this.#kept) {
      if (!wanted.includes(n)) {
        entry.stop.abort();
        this.#kept.delete(n);
      }
    }
    for (const n of wanted) await this.load(n);
  }

  /** As loud as in the song: a set that would have clipped is stored quieter, and each segment tells how much. */
  async #decode(answer) {
    const gain = Number(answer.headers.get("X-Gain")) || 1;
    const buffer = await this.decoder.decodeAudioData(await answer.arrayBuffer());
    for (let channel = 0; gain !== 1 && channel < buffer.numberOfChannels; channel += 1) {
      const samples = buffer.getChannelData(channel);
      for (let i = 0; i < samples.length; i += 1) samples[i] /= gain;
    }
    return buffer;
  }

  async #fetch(address, signal) {
    for (let turn = 1; ; turn += 1) {
      try {
        const answer = await fetch(address, { signal });
        if (answer.ok) return await this.#decode(answer);
        if (answer.status < 500 && answer.status !== 429) throw new Error("gone");
        if (turn === TRIES) throw new Error("network");
      } catch (error) {
        if (error.name === "AbortError" || error.message === "gone") throw error;
        if (error.name === "EncodingError") throw new Error("unplayable", { cause: error });
        if (turn === TRIES) throw new Error("network", { cause: error });
      }
      await pause(250 * 2 ** turn);
      if (signal.aborted) throw new DOMException("aborted", "AbortError");
    }
  }
}
