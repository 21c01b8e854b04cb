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
  }

  /** Forget what was decoded. */
  begin() {
    new Uint8Array(this.#memory.buffer).set(this.fresh, this.state);
  }

  /**
   * Decode the next packet; the samples of both channels are there until the next one.
   * @param {Uint8Array} packet
   */
  decode(packet) {
    new Uint8Array(this.#memory.buffer, this.input, LARGEST_PACKET).set(packet);
    const length = this.#library.decode(this.decoder, this.input, packet.length, this.output);
    if (length !== PACKET) throw new Error(`a packet of ${length} samples`);
    return [0, 1].map((side) => new Float32Array(this.#memory.buffer, this.output + 4 * length * side, length));
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
    const [head, , ...packets] = packetsOf(file);
    if (!head || packets.length === 0) throw new Error("this is no Opus");
    this.packets = packets;
    this.before = (head[PRE_SKIP] ?? 0) + 256 * (head[PRE_SKIP + 1] ?? 0); // samples to drop
    this.length = Math.min(packets.length * PACKET - this.before, cache.length);
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
    for (const [index, packet] of this.packets.entries()) {
      const at = index * PACKET - this.before;
      for (const [side, samples] of this.decoder.decode(packet).entries()) {
        const part = samples.subarray(Math.max(-at, 0), Math.max(this.length - at, 0));
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
 * Part an Ogg file into its packets. (What TCP brings is not checked again.)
 * @param {Uint8Array} file
 */
function packetsOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packets = [];
  for (let at = 0; at < file.length; ) {
    if (view.getUint32(at) !== PAGE) throw new Error("this is no Ogg");
    const count = view.getUint8(at + 26);
    let from = at + 27 + count;
    let to = from;
    for (const lacing of file.subarray(at + 27, from)) {
      to += lacing;
      if (lacing === 255) continue; // the packet is longer
      packets.push(file.subarray(from, to));
      from = to;
    }
    at = to;
  }
  return packets;
}
