// Audio buffers that are used again and again, as a garbage collector comes when it likes: the memory of a player is
// what it plays ahead, however long it plays.

const CHANNELS = 2;

export class BufferPool {
  /** @type {AudioBuffer[]} */
  #spare = [];
  /** @type {{ buffer: AudioBuffer, free: number }[]} */
  #used = [];

  /**
   * @param {number} length frames in each buffer
   * @param {number} rate in hertz
   */
  constructor(length, rate) {
    this.length = length;
    this.rate = rate;
  }

  /** How many buffers there are. */
  get size() {
    return this.#spare.length + this.#used.length;
  }

  /**
   * Get a buffer with `channels` at its beginning.
   * @param {Float32Array<ArrayBuffer>[]} channels
   * @param {number} now time of the clock
   */
  take(channels, now) {
    this.#sweep(now);
    const options = { length: this.length, numberOfChannels: CHANNELS, sampleRate: this.rate };
    const buffer = this.#spare.pop() ?? new AudioBuffer(options);
    for (const [side, samples] of channels.entries()) buffer.copyToChannel(samples, side);
    return buffer;
  }

  /**
   * Give a buffer back that may be used again from a time on.
   * @param {AudioBuffer} buffer
   * @param {number} free time of the clock when nothing plays it any more
   */
  give(buffer, free) {
    this.#used.push({ buffer, free });
  }

  /**
   * Take back what nothing plays any more.
   * @param {number} now time of the clock
   */
  #sweep(now) {
    for (const { buffer } of this.#used.filter(({ free }) => free <= now)) this.#spare.push(buffer);
    this.#used = this.#used.filter(({ free }) => free > now);
  }
}
