// A segment of a stem as Ogg Opus (RFC 7845), decoded by libopus when it is read. The samples of the few that were read
// last are kept, in memory that is used again. Used in a worker, which has no import map: this module imports nothing.
// (Why not by the browser: see flac_segment.js.)

const RATE = 48_000; // at which libopus resamples nothing, whatever the stem's own rate is
const CHANNELS = 2;
const PACKET = 960; // samples in each packet
const LARGEST_PACKET = 1276; // bytes, with one frame
const LARGEST_OUTPUT = 5760; // samples that a packet could have
const PAGE = 0x4f676753; // "OggS"
const PRE_SKIP = 10; // where it is in the first header

// What the compiler calls the functions of version 0.7.12.
const EXPORTS = { memory: "g", initialize: "h", create: "i", allocate: "j", decode: "k" };

export class OpusDecoder {
  /** @type {WebAssembly.Memory} */
  #memory;
  /** @type {Record<keyof typeof EXPORTS, (...values: number[]) => number>} */
  #library;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    const stop = () => {
      throw new Error("the Opus decoder stopped");
    };
    const surroundings = { a: Math.cos, b: stop, c: stop, d: stop, e: stop, f: stop };
    const { exports } = new WebAssembly.Instance(module, { a: surroundings });
    this.#memory = /** @type {WebAssembly.Memory} */ (exports[EXPORTS.memory]);
    this.#library = /** @type {any} */ (
      Object.fromEntries(Object.entries(EXPORTS).map(([name, short]) => [name, exports[short]]))
    );
    const { initialize, allocate, create } = this.#library;
    initialize();
    this.input = allocate(LARGEST_PACKET);
    this.output = allocate(4 * CHANNELS * LARGEST_OUTPUT);
    const mapping = allocate(CHANNELS);
    new Uint8Array(this.#memory.buffer, mapping, CHANNELS).set([0, 1]);
    this.state = mapping;
    this.decoder = create(RATE, CHANNELS, 1, 1, mapping, 0, 0);
    // It has no function to begin again, and can be made only some hundred times: what it holds is put back.
    this.fresh = new Uint8Array(this.#memory.buffer).slice(this.state, allocate(1));
    this.bytes = new Uint8Array(0);
    /** @type {Float32Array[]} both channels of a packet */
    this.samples = [];
  }

  /** Look at the module's memory; views of it are made anew only where it has grown: there are 50 packets a second. */
  #look() {
    const { buffer } = this.#memory;
    if (this.bytes.buffer === buffer) return;
    this.bytes = new Uint8Array(buffer);
    this.samples = [0, 1].map((side) => new Float32Array(buffer, this.output + 4 * PACKET * side, PACKET));
  }

  /** Forget what was decoded. */
  begin() {
    this.#look();
    this.bytes.set(this.fresh, this.state);
  }

  /**
   * Decode the next packet, which is a part of a file; the samples of both channels are there until the next one.
   * @param {Uint8Array} file
   * @param {number} from
   * @param {number} to
   */
  decode(file, from, to) {
    if (to - from > LARGEST_PACKET) throw new Error("a packet that is too long");
    this.#look();
    for (let at = from; at < to; at += 1) this.bytes[this.input + at - from] = /** @type {number} */ (file[at]);
    const length = this.#library.decode(this.decoder, this.input, to - from, this.output);
    if (length !== PACKET) throw new Error(`a packet of ${length} samples`);
    this.#look();
    return this.samples;
  }
}

/** The samples of the segments that were read last. */
export class SampleCache {
  /** @type {Map<OpusSegment, Float32Array[]>} the one that was read last at the end */
  #kept = new Map();
  /** @type {Float32Array[][]} memory to use again */
  #spare = [];

  /**
   * @param {number} size segments at most
   * @param {number} length samples of the longest one
   */
  constructor(size, length) {
    this.size = size;
    this.length = length;
  }

  /** @param {OpusSegment} segment */
  samples(segment) {
    const kept = this.#kept.get(segment);
    const samples = kept ?? this.#memory();
    if (!kept) segment.decode(samples);
    this.#kept.delete(segment);
    this.#kept.set(segment, samples);
    return samples;
  }

  #memory() {
    const [oldest] = this.#kept.keys();
    if (oldest && this.#kept.size >= this.size) this.drop(oldest);
    return this.#spare.pop() ?? Array.from({ length: CHANNELS }, () => new Float32Array(this.length));
  }

  /** @param {OpusSegment} segment */
  drop(segment) {
    const samples = this.#kept.get(segment);
    if (samples) this.#spare.push(samples);
    this.#kept.delete(segment);
  }
}

export class OpusSegment {
  /**
   * @param {Uint8Array<ArrayBuffer>} file
   * @param {OpusDecoder} decoder
   * @param {SampleCache} cache
   * @throws {Error} where it is damaged
   */
  constructor(file, decoder, cache) {
    this.file = file;
    this.decoder = decoder;
    this.cache = cache;
    const [head = 0, headEnd = 0, , , ...packets] = packetsOf(file);
    if (headEnd - head < PRE_SKIP + 2 || packets.length === 0) throw new Error("this is no Opus");
    this.packets = packets;
    this.before = (file[head + PRE_SKIP] ?? 0) + 256 * (file[head + PRE_SKIP + 1] ?? 0); // samples to drop
    this.length = Math.min((packets.length / 2) * PACKET - this.before, cache.length);
  }

  /**
   * Fill both `channels` with the samples from one on; silence behind the end.
   * @param {Float32Array[]} channels
   * @param {number} from
   */
  read(channels, from) {
    const stored = this.cache.samples(this);
    for (const [side, samples] of channels.entries()) {
      const found = stored[side]?.subarray(from, Math.min(from + samples.length, this.length)) ?? [];
      samples.set(found);
      samples.fill(0, found.length);
    }
  }

  /** @param {Float32Array[]} channels to fill */
  decode(channels) {
    this.decoder.begin();
    for (let index = 0; index < this.packets.length; index += 2) {
      const decoded = this.decoder.decode(this.file, this.packets[index] ?? 0, this.packets[index + 1] ?? 0);
      const at = (index / 2) * PACKET - this.before;
      const isWhole = at >= 0 && at + PACKET <= this.length;
      if (at + PACKET <= 0) continue;
      for (let side = 0; side < CHANNELS; side += 1) {
        const samples = /** @type {Float32Array} */ (decoded[side]);
        const part = isWhole ? samples : samples.subarray(Math.max(-at, 0), Math.max(this.length - at, 0));
        channels[side]?.set(part, Math.max(at, 0));
      }
    }
  }

  /** Let go of what was decoded. */
  free() {
    this.cache.drop(this);
  }
}

/**
 * Find the packets of an Ogg file: where each begins and ends, one after the other. (What TCP brings is not checked
 * again.)
 * @param {Uint8Array} file
 */
function packetsOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  /** @type {number[]} */
  const packets = [];
  for (let at = 0; at < file.length; ) {
    if (view.getUint32(at) !== PAGE) throw new Error("this is no Ogg");
    const count = view.getUint8(at + 26);
    let from = at + 27 + count;
    let to = from;
    for (let lacing = at + 27; lacing < at + 27 + count; lacing += 1) {
      to += view.getUint8(lacing);
      if (view.getUint8(lacing) === 255) continue; // the packet is longer
      packets.push(from, to);
      from = to;
    }
    at = to;
  }
  return packets;
}
