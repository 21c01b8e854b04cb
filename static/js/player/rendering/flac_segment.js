// A segment of a stem as FLAC (RFC 9639), decoded frame by frame as it is read: what is kept is the compressed file and
// two frames of samples. Used in a worker, which has no import map: this module imports nothing.
//
// A browser's own decoder makes samples of all of it at once, in memory that waits for its garbage collector, and the
// one that would not, AudioDecoder, is missing where the page came over plain http from another machine.

const MARK = 0x664c6143; // "fLaC"
const SYNC = 0xff;
const BLOCK_SIZES = [0, 192, 576, 1152, 2304, 4608, -1, -2, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
const SAMPLE_BITS = [0, 8, 12, 0, 16, 20, 24, 0];
const MOST_BITS = 24;
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]]; // predictors, the latest sample first
const [LEFT_SIDE, SIDE_RIGHT, MID_SIDE] = [8, 9, 10];
const PADDING = 8; // bytes behind a frame that may be looked at

/**
 * `number` of the frame, or of its first sample where blocks vary; `end` is where its samples begin.
 * @typedef {{ number: number, length: number, channels: number, bits: number, end: number }} Header
 */

/** The checksum of a byte: CRC-8 with the polynomial 0x07. */
const CRC = Uint8Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let turn = 0; turn < 8; turn += 1) sum = (sum << 1) ^ (sum & 0x80 ? 0x107 : 0);
  return sum;
});

let compressed = new Uint8Array(0); // a frame and PADDING
/** @type {Float64Array[]} of each channel of a frame */
const decoded = [];

/** Reads bits, highest first; one at a time. */
class Bits {
  at = 0; // in bits

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    const size = bytes.length + PADDING;
    if (compressed.length < size) compressed = new Uint8Array(2 * size);
    compressed.set(bytes);
    this.view = new DataView(compressed.buffer, 0, size);
  }

  /** The next 32 bits. */
  get next() {
    const byte = this.at >>> 3;
    const shift = this.at & 7;
    return (this.view.getUint32(byte) << shift) | (this.view.getUint8(byte + 4) >>> (8 - shift));
  }

  /** @param {number} count 0 to 32 */
  unsigned(count) {
    const value = count ? this.next >>> (32 - count) : 0;
    this.at += count;
    return value;
  }

  /** @param {number} count 0 to 32 */
  signed(count) {
    const value = count ? this.next >> (32 - count) : 0;
    this.at += count;
    return value;
  }

  /** Count the zeros before the next one. */
  zeros() {
    let count = 0;
    for (; this.next === 0; count += 32) this.at += 32;
    const zeros = Math.clz32(this.next);
    this.at += zeros + 1;
    return count + zeros;
  }

  /**
   * Read Rice codes into a part of `samples`.
   * @param {Float64Array} samples
   * @param {number} from
   * @param {number} to
   * @param {number} low bits of each that are not in unary
   */
  rice(samples, from, to, low) {
    for (let at = from; at < to; at += 1) {
      const bits = this.next;
      const zeros = Math.clz32(bits);
      let value;
      if (zeros + low < 32) {
        this.at += zeros + 1 + low;
        value = (zeros << low) | (low && (bits << (zeros + 1)) >>> (32 - low));
      } else value = (this.zeros() << low) | this.unsigned(low);
      samples[at] = (value >>> 1) ^ -(value & 1);
    }
  }
}

export class FlacSegment {
  /** @type {number[]} where each frame begins, and the end */
  #offsets = [];
  /** @type {{ frame: number, channels: Float32Array<ArrayBuffer>[] }[]} decoded: an even one and an odd one */
  #frames = [];

  /**
   * @param {Uint8Array<ArrayBuffer>} file whose frames are equally long, but for the last one
   * @throws {Error} where it is damaged
   */
  constructor(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    let at = 4;
    for (let isLast = view.getUint32(0) !== MARK; !isLast; at += 4 + (view.getUint32(at) & 0xffffff)) {
      isLast = view.getUint8(at) >= 0x80;
    }
    this.file = file;
    this.block = view.getUint16(10);
    this.bits = ((view.getUint16(20) >> 4) & 31) + 1;
    const last = this.#findFrames(at);
    this.length = (this.#offsets.length - 2) * this.block + last.length;
  }

  /**
   * Note where frames begin, and return the header of the last one. (What TCP brings is not checked again.)
   * @param {number} first
   */
  #findFrames(first) {
    let last = this.#headerAt(first);
    if (!last) throw new Error("this is no FLAC");
    this.#offsets.push(first);
    for (let at = last.end; at >= 0; at = this.file.indexOf(SYNC, at + 1)) {
      const next = this.#headerAt(at);
      if (next?.number !== last.number + 1) continue;
      if (last.length !== this.block) throw new Error("frames of different lengths");
      last = next;
      this.#offsets.push(at);
    }
    this.#offsets.push(this.file.length);
    return last;
  }

  /** @param {number} start */
  #headerAt(start) {
    return readFrameHeader(this.file, start, this.bits);
  }

  /**
   * Fill both `channels` with the samples from one on; silence behind the end.
   * @param {Float32Array[]} channels
   * @param {number} from
   */
  read(channels, from) {
    const wanted = channels[0]?.length ?? 0;
    const end = Math.max(Math.min(wanted, this.length - from), 0);
    for (const samples of channels) samples.fill(0, end);
    for (let at = 0; at < end; ) {
      const frame = Math.floor((from + at) / this.block);
      const offset = from + at - frame * this.block;
      const count = Math.min(end - at, this.block - offset);
      const stored = this.#frame(frame);
      for (const [side, samples] of channels.entries()) {
        samples.set((stored[side] ?? stored[0])?.subarray(offset, offset + count) ?? [], at);
      }
      at += count;
    }
  }

  /** Let go of what was decoded. */
  free() {
    this.#frames = [];
  }

  /** @param {number} frame */
  #frame(frame) {
    const slot = frame % 2;
    let kept = this.#frames[slot];
    if (kept?.frame !== frame) {
      kept = { frame, channels: this.#decode(frame, kept?.channels) };
      this.#frames[slot] = kept;
    }
    return kept.channels;
  }

  /**
   * @param {number} frame
   * @param {Float32Array<ArrayBuffer>[]} [memory] to use again
   */
  #decode(frame, memory) {
    const start = /** @type {number} */ (this.#offsets[frame]);
    const header = /** @type {Header} */ (this.#headerAt(start));
    const bits = new Bits(this.file.subarray(header.end, this.#offsets[frame + 1]));
    const { length } = header;
    if (header.bits > MOST_BITS || header.channels > MID_SIDE) throw new Error("this FLAC cannot be decoded");
    const sides = Array.from({ length: header.channels < LEFT_SIDE ? header.channels + 1 : 2 }, (_, side) => {
      const isDifference = header.channels === SIDE_RIGHT ? side === 0 : header.channels >= LEFT_SIDE && side === 1;
      if ((decoded[side]?.length ?? 0) < length) decoded[side] = new Float64Array(length);
      const samples = /** @type {Float64Array} */ (decoded[side]).subarray(0, length);
      subframe(bits, samples, header.bits + (isDifference ? 1 : 0));
      return samples;
    });
    join(header.channels, sides);
    const scale = 2 ** (1 - header.bits);
    return sides.map((side, index) => {
      const samples = memory?.[index] ?? new Float32Array(this.block);
      for (let at = 0; at < length; at += 1) samples[at] = /** @type {number} */ (side[at]) * scale;
      return samples;
    });
  }
}

/**
 * Read the header of a frame; null where none begins.
 * @param {Uint8Array} file
 * @param {number} start
 * @param {number} bits of a sample, where the frame does not say it
 * @returns {Header | null}
 */
export function readFrameHeader(file, start, bits) {
  const byte = (/** @type {number} */ at) => file[at] ?? 0;
  if (byte(start) !== SYNC || byte(start + 1) >> 1 !== 0x7c) return null;
  const size = BLOCK_SIZES[byte(start + 2) >> 4] ?? 0;
  const rate = byte(start + 2) & 15;
  let at = start + 5;
  let number = byte(start + 4);
  const more = number < 0x80 ? 0 : Math.clz32(~number << 24) - 1; // bytes that follow, as in UTF-8
  if (more) number &= 0x3f >> more;
  for (const end = at + more; at < end; at += 1) number = 64 * number + (byte(at) & 63);
  let length = size;
  if (size < 0) {
    length = size === -1 ? byte(at) + 1 : 256 * byte(at) + byte(at + 1) + 1;
    at -= size;
  }
  if (rate >= 12) at += rate === 12 ? 1 : 2;
  let sum = 0;
  for (let each = start; each < at; each += 1) sum = CRC[sum ^ byte(each)] ?? 0;
  if (sum !== byte(at) || length <= 0) return null;
  const channels = byte(start + 3) >> 4;
  return { number, length, channels, bits: SAMPLE_BITS[(byte(start + 3) >> 1) & 7] || bits, end: at + 1 };
}

/**
 * Make left and right of what is stored instead.
 * @param {number} kind
 * @param {Float64Array[]} sides
 */
function join(kind, [first, second]) {
  if (!first || !second || kind < LEFT_SIDE) return;
  for (let at = 0; at < first.length; at += 1) {
    const a = /** @type {number} */ (first[at]);
    const b = /** @type {number} */ (second[at]);
    if (kind === LEFT_SIDE) second[at] = a - b;
    else if (kind === SIDE_RIGHT) first[at] = a + b;
    else {
      const sum = 2 * a + (b & 1);
      first[at] = (sum + b) / 2;
      second[at] = (sum - b) / 2;
    }
  }
}

/**
 * Decode the samples of a channel.
 * @param {Bits} bits
 * @param {Float64Array} samples
 * @param {number} width of a sample in bits
 */
function subframe(bits, samples, width) {
  const { length } = samples;
  const head = bits.unsigned(8);
  const wasted = head & 1 ? bits.zeros() + 1 : 0;
  const kind = head >> 1;
  const stored = width - wasted;
  if (kind === 0) samples.fill(bits.signed(stored));
  else if (kind === 1) for (let at = 0; at < length; at += 1) samples[at] = bits.signed(stored);
  else {
    const order = kind >= 32 ? kind - 31 : kind - 8;
    for (let at = 0; at < order; at += 1) samples[at] = bits.signed(stored);
    const precision = kind >= 32 ? bits.unsigned(4) + 1 : 0;
    const shift = kind >= 32 ? bits.signed(5) : 0;
    const factors = kind >= 32 ? Array.from({ length: order }, () => bits.signed(precision)) : FIXED[order];
    if (!factors || shift < 0) throw new Error("this FLAC cannot be decoded");
    residual(bits, samples, order);
    predict(samples, Float64Array.from(factors), 2 ** -shift);
  }
  if (wasted) for (let at = 0; at < length; at += 1) samples[at] = /** @type {number} */ (samples[at]) * 2 ** wasted;
}

/**
 * Read what is to be added to the predicted samples.
 * @param {Bits} bits
 * @param {Float64Array} samples
 * @param {number} order samples that are there already
 */
function residual(bits, samples, order) {
  const width = bits.unsigned(2) + 4;
  if (width > 5) throw new Error("this FLAC cannot be decoded");
  const parts = 1 << bits.unsigned(4);
  const size = samples.length / parts;
  for (let part = 0; part < parts; part += 1) {
    const [from, to] = [part ? part * size : order, (part + 1) * size];
    const low = bits.unsigned(width);
    if (low < (1 << width) - 1) {
      bits.rice(samples, from, to, low);
      continue;
    }
    const plain = bits.unsigned(5);
    for (let at = from; at < to; at += 1) samples[at] = bits.signed(plain);
  }
}

/**
 * Add what is predicted from the samples before. Sums are whole numbers below 2 ** 53: nothing is rounded.
 * @param {Float64Array} samples
 * @param {Float64Array} factors
 * @param {number} scale
 */
function predict(samples, factors, scale) {
  const order = factors.length;
  for (let at = order; at < samples.length; at += 1) {
    let sum = 0;
    for (let back = 0; back < order; back += 1) {
      sum += /** @type {number} */ (factors[back]) * /** @type {number} */ (samples[at - 1 - back]);
    }
    samples[at] = /** @type {number} */ (samples[at]) + Math.floor(sum * scale);
  }
}
