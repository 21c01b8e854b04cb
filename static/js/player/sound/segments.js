// Fetches segments, a few seconds of a stem each. Only what is wanted stays in memory.

import { isAborted, NetworkError, networkErrors, request } from "stemoteca/api";

const TRIES = 4;
const BACKOFF = 250; // milliseconds, doubled with each try
const ENCODING_TRIES = 2; // for each the server waits two seconds
const RETRY_AFTER = 2000; // milliseconds before a segment that failed is asked for again

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A segment could not be had. `reason` names the text that says so. */
export class SegmentError extends Error {
  /**
   * @param {"gone" | "network" | "encoding" | "unplayable"} reason
   * @param {unknown} [cause]
   */
  constructor(reason, cause) {
    super(`segment: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** @typedef {{ promise: Promise<void>, isThere: boolean, stop: AbortController, failed: number }} Entry */
/** @typedef {Pick<import("stemoteca/player/rendering/renderer_client").RendererClient, "keep" | "drop">} Store */

export class Segments {
  /** @type {Map<number, Entry>[]} of each stem, by the segment's number */
  #entries;

  /**
   * @param {string[]} addresses of segment 0 of each stem
   * @param {import("stemoteca/player/sound/codecs").Codec} codec
   * @param {number} frames of the song
   * @param {Pick<import("stemoteca/player/sound/file_pool").FilePool, "read">} files
   * @param {Store} store keeps what was fetched
   * @param {(address: string, options: RequestInit) => Promise<Response>} [ask] gets them where no server has them
   */
  constructor(addresses, codec, frames, files, store, ask = request) {
    this.addresses = addresses;
    this.codec = codec;
    this.frames = frames;
    this.files = files;
    this.store = store;
    this.ask = ask;
    this.#entries = addresses.map(() => new Map());
  }

  /** @param {string} address of segment 0 of one more stem */
  add(address) {
    this.addresses.push(address);
    this.#entries.push(new Map());
  }

  /** Stop whatever is being fetched. */
  stop() {
    for (const entries of this.#entries) for (const entry of entries.values()) entry.stop.abort();
  }

  /**
   * Whether a segment of these stems is there.
   * @param {number} number
   * @param {number[]} stems
   */
  has(number, stems) {
    return stems.every((stem) => this.#entries[stem]?.get(number)?.isThere);
  }

  /**
   * Load a segment of some stems. What failed is asked for again next time.
   * @param {number} number
   * @param {number[]} stems
   * @throws {SegmentError}
   */
  async load(number, stems) {
    await Promise.all(stems.map((stem) => this.#load(number, stem)));
  }

  /**
   * @param {number} number
   * @param {number} stem
   */
  #load(number, stem) {
    const entries = /** @type {Map<number, Entry>} */ (this.#entries[stem]);
    const known = entries.get(number);
    if (known && !(known.failed && Date.now() - known.failed > RETRY_AFTER)) return known.promise;
    const stop = new AbortController();
    const address = segmentAddress(this.addresses[stem] ?? "", number, this.codec.name);
    /** @type {Entry} */
    const entry = { isThere: false, stop, failed: 0, promise: this.#fetch(address, number, stem, stop.signal) };
    entries.set(number, entry);
    entry.promise.then(
      () => {
        entry.isThere = true;
      },
      () => {
        entry.failed = Date.now();
      },
    );
    return entry.promise;
  }

  /**
   * Load the segments `wanted` of some stems one after another, and let go of all other segments. What cannot be had
   * now is asked for again when it is to be played.
   * @param {number[]} wanted
   * @param {number[]} stems
   */
  async prefetch(wanted, stems) {
    for (const [stem, entries] of this.#entries.entries()) {
      for (const [number, entry] of entries) {
        if (wanted.includes(number)) continue;
        entry.stop.abort();
        entries.delete(number);
        this.store.drop(stem, number);
      }
    }
    await this.loadAll(wanted, stems);
  }

  /**
   * Load segments of some stems one after another, as far as they can be had now.
   * @param {number[]} wanted
   * @param {number[]} stems
   */
  async loadAll(wanted, stems) {
    try {
      for (const number of wanted) await this.load(number, stems);
    } catch (error) {
      if (!(error instanceof SegmentError || isAborted(error))) throw error;
    }
  }

  /**
   * Have a segment kept as loud as in the song: stems that would have clipped are stored quieter, and each segment tells
   * how much.
   * @param {Response} answer
   * @param {number} number
   * @param {number} stem
   * @param {AbortSignal} signal
   */
  async #keep(answer, number, stem, signal) {
    const file = await networkErrors(this.files.read(answer));
    signal.throwIfAborted();
    const length = Math.min(this.codec.segment, this.frames - number * this.codec.segment);
    const gain = Number(answer.headers.get("X-Gain")) || 1;
    const reason = await this.store.keep(stem, number, file, length, gain);
    if (reason) throw new SegmentError(reason);
    signal.throwIfAborted();
  }

  /**
   * @param {string} address
   * @param {number} number
   * @param {number} stem
   * @param {AbortSignal} signal
   */
  async #fetch(address, number, stem, signal) {
    for (let turn = 1; ; turn += 1) {
      try {
        const answer = await this.ask(address, { signal });
        if (answer.ok) return await this.#keep(answer, number, stem, signal);
        if (answer.status < 500 && answer.status !== 429) throw new SegmentError("gone");
        if (answer.status === 503 && this.codec.name !== "flac" && turn === ENCODING_TRIES) {
          throw new SegmentError("encoding");
        }
        if (turn === TRIES) throw new SegmentError("network");
      } catch (error) {
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
 * @param {string} [codec]
 */
export function segmentAddress(first, number, codec = "flac") {
  return first.replace(/0\/$/, `${number}/${codec === "flac" ? "" : `?codec=${codec}`}`);
}
