// Fetches and decodes segments: a few seconds of every stem at once. Only what is wanted stays in memory.

import { isAborted, NetworkError, networkErrors, request } from "stemoteca/api";

const TRIES = 4;
const BACKOFF = 250; // milliseconds, doubled with each try
const RETRY_AFTER = 2000; // milliseconds before a segment that failed is asked for again

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A segment could not be had. `reason` names the text that says so. */
export class SegmentError extends Error {
  /**
   * @param {"gone" | "network" | "unplayable"} reason
   * @param {unknown} [cause]
   */
  constructor(reason, cause) {
    super(`segment: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** @typedef {{ promise: Promise<AudioBuffer[]>, buffers: AudioBuffer[] | null, stop: AbortController, failed: number }} Entry */

export class Segments {
  /** @type {Map<number, Entry>} by the segment's number */
  #entries = new Map();

  /**
   * @param {string[]} addresses of segment 0 of each stem
   * @param {number} rate in hertz
   */
  constructor(addresses, rate) {
    this.addresses = addresses;
    // Decodes to `rate` on every machine, and before anybody has pressed play.
    this.decoder = new OfflineAudioContext(2, 1, rate);
  }

  /**
   * Get the decoded buffers of a segment, one per stem, or null while they are not there.
   * @param {number} number
   */
  decoded(number) {
    return this.#entries.get(number)?.buffers ?? null;
  }

  /**
   * Load a segment. One that failed is asked for again next time.
   * @param {number} number
   * @returns {Promise<AudioBuffer[]>}
   * @throws {SegmentError}
   */
  load(number) {
    const known = this.#entries.get(number);
    if (known && !(known.failed && Date.now() - known.failed > RETRY_AFTER)) return known.promise;
    const stop = new AbortController();
    const loading = this.addresses.map((address) => this.#fetch(segmentAddress(address, number), stop.signal));
    /** @type {Entry} */
    const entry = { buffers: null, stop, failed: 0, promise: Promise.all(loading) };
    this.#entries.set(number, entry);
    entry.promise.then(
      (buffers) => {
        entry.buffers = buffers;
      },
      () => {
        entry.failed = Date.now();
        stop.abort(); // its other stems are of no use alone
      },
    );
    return entry.promise;
  }

  /**
   * Load `wanted` one after another and let go of everything else. What cannot be had now is asked for again when it
   * is to be played.
   * @param {number[]} wanted
   */
  async prefetch(wanted) {
    for (const [number, entry] of this.#entries) {
      if (!wanted.includes(number)) {
        entry.stop.abort();
        this.#entries.delete(number);
      }
    }
    try {
      for (const number of wanted) await this.load(number);
    } catch (error) {
      if (!(error instanceof SegmentError || isAborted(error))) throw error;
    }
  }

  /**
   * Decode as loud as in the song: stems that would have clipped are stored quieter, and each segment tells how much.
   * @param {Response} answer
   */
  async #decode(answer) {
    const gain = Number(answer.headers.get("X-Gain")) || 1;
    const buffer = await this.decoder.decodeAudioData(await networkErrors(answer.arrayBuffer()));
    for (let channel = 0; gain !== 1 && channel < buffer.numberOfChannels; channel += 1) {
      const samples = buffer.getChannelData(channel);
      samples.forEach((sample, index) => {
        samples[index] = sample / gain;
      });
    }
    return buffer;
  }

  /**
   * @param {string} address
   * @param {AbortSignal} signal
   */
  async #fetch(address, signal) {
    for (let turn = 1; ; turn += 1) {
      try {
        const answer = await request(address, { signal });
        if (answer.ok) return await this.#decode(answer);
        if (answer.status < 500 && answer.status !== 429) throw new SegmentError("gone");
        if (turn === TRIES) throw new SegmentError("network");
      } catch (error) {
        if (error instanceof DOMException && error.name === "EncodingError")
          throw new SegmentError("unplayable", error);
        if (!(error instanceof NetworkError)) throw error;
        if (turn === TRIES) throw new SegmentError("network", error);
      }
      await pause(BACKOFF * 2 ** turn);
      signal.throwIfAborted();
    }
  }
}

/**
 * Get the address of a segment from that of segment 0.
 * @param {string} first
 * @param {number} number
 */
export function segmentAddress(first, number) {
  return first.replace(/0\/$/, `${number}/`);
}
