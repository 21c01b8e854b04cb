// Signalsmith Stretch: changes the speed of some stems together, which keep their pitch. Used in a worker, which has no
// import map: this module imports nothing.
//
// The library can transpose as well, but low tones come out up to 28 cents off. So the key is the resampler's part. The
// server makes mixes with the same module, in the same portions: what is heard is what is downloaded.

/** @typedef {import("./resampler.js").Reader} Reader */

const CAPACITY = 4096; // frames in each of the module's buffers: a hop at three times the speed
const HISTORY = 16_384; // frames that came out and can be read
const SEED = 7; // its random numbers are the same each time

// What the compiler calls the functions of version 1.3.2.
const EXPORTS = {
  memory: "e",
  initialize: "f",
  main: "y",
  setBuffers: "h",
  intervalSamples: "j",
  inputLatency: "k",
  outputLatency: "l",
  reset: "m",
  presetDefault: "n",
  seek: "v",
  process: "w",
};

export class Stretcher {
  /** @type {WebAssembly.Memory} */
  #memory;
  /** @type {Record<keyof typeof EXPORTS, (...values: number[]) => number>} */
  #library;
  /** @type {number} */
  #address;
  /** @type {Float32Array[]} */
  #history;
  #start = 0; // frame with which the history begins
  #end = 0; // frame before which it ends
  #hops = 0;
  #position = 0; // frame of the input that is read next
  #speed = 1;
  /** @type {Reader} */
  #input = () => undefined;

  /**
   * @param {WebAssembly.Module} module
   * @param {number} channels
   * @param {number} rate in hertz
   */
  constructor(module, channels, rate) {
    const { exports } = new WebAssembly.Instance(module, { a: this.#imports() });
    this.#memory = /** @type {WebAssembly.Memory} */ (exports[EXPORTS.memory]);
    this.#library = /** @type {any} */ (
      Object.fromEntries(Object.entries(EXPORTS).map(([name, short]) => [name, exports[short]]))
    );
    this.channels = channels;
    this.#library.initialize();
    this.#library.main(0, 0);
    this.#library.presetDefault(channels, rate);
    this.#address = this.#library.setBuffers(channels, CAPACITY);
    this.#history = Array.from({ length: channels }, () => new Float32Array(HISTORY));
    this.hop = this.#library.intervalSamples();
  }

  /** @returns {Record<string, (...values: number[]) => number | void>} what the module asks of its surroundings */
  #imports() {
    const bytes = () => new Uint8Array(this.#memory.buffer);
    return {
      a: (at = 0, count = 0) => {
        bytes().fill(SEED, at, at + count);
        return 0;
      },
      b: (size = 0) => {
        try {
          this.#memory.grow(Math.ceil(((size >>> 0) - this.#memory.buffer.byteLength) / 65536));
          return 1;
        } catch (error) {
          if (error instanceof RangeError) return 0;
          throw error;
        }
      },
      c: (to = 0, from = 0, count = 0) => {
        bytes().copyWithin(to, from, from + count);
      },
      d: () => {
        throw new Error("the stretcher stopped");
      },
    };
  }

  /**
   * @param {number} first 0 for the input, `channels` for the output
   * @param {number} length
   */
  #buffers(first, length) {
    return Array.from({ length: this.channels }, (_, channel) => {
      return new Float32Array(this.#memory.buffer, this.#address + 4 * CAPACITY * (first + channel), length);
    });
  }

  /**
   * Begin with frame 0 of `input`; before it is silence.
   * @param {Reader} input
   * @param {number} speed 1 for that of the song
   */
  begin(input, speed) {
    const latency = this.#library.inputLatency();
    this.#input = input;
    this.#speed = speed;
    this.#library.reset();
    input(this.#buffers(0, latency), 0);
    this.#library.seek(latency, speed);
    this.#position = latency;
    this.#hops = 0;
    this.#start = -this.#library.outputLatency();
    this.#end = this.#start;
  }

  /** Stretch one hop more. */
  #advance() {
    this.#hops += 1;
    const end = this.#library.inputLatency() + Math.floor(this.#hops * this.hop * this.#speed + 0.5);
    const length = end - this.#position;
    this.#input(this.#buffers(0, length), this.#position);
    this.#position = end;
    this.#library.process(length, this.hop);
    for (const [channel, samples] of this.#buffers(this.channels, this.hop).entries()) {
      this.#history[channel]?.set(samples, this.#end - this.#start);
    }
    this.#end += this.hop;
  }

  /**
   * Fill `channels` with what comes out from a frame on; that never goes back.
   * @type {Reader}
   */
  read = (channels, from) => {
    const before = Math.max(-from, 0);
    const to = from + (channels[0]?.length ?? 0);
    while (this.#end < to) {
      const unused = Math.min(Math.max(from, this.#start), this.#end) - this.#start;
      if (this.#end - this.#start + this.hop > HISTORY) {
        for (const samples of this.#history) samples.copyWithin(0, unused);
        this.#start += unused;
      }
      this.#advance();
    }
    for (const [channel, samples] of this.#history.entries()) {
      channels[channel]?.fill(0, 0, before);
      channels[channel]?.set(samples.subarray(Math.max(from, 0) - this.#start, to - this.#start), before);
    }
  };
}
