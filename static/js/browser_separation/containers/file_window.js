// A part of a file in memory, for what is read from its beginning to its end.

const STEP = 1 << 20; // bytes that are read at a time
const ID3 = 0x494433; // "ID3"

export class FileWindow {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  start = 0; // of `bytes` in the file

  /** @param {Blob} file */
  constructor(file) {
    this.file = file;
    this.size = file.size;
  }

  /**
   * Have `length` bytes of the file, fewer at its end; resolves to where they begin in `bytes`.
   * @param {number} at
   * @param {number} length
   */
  async load(at, length) {
    const end = Math.min(at + length, this.size);
    if (at < this.start || end > this.start + this.bytes.length) {
      this.bytes = new Uint8Array(await this.file.slice(at, at + Math.max(length, STEP)).arrayBuffer());
      this.view = new DataView(this.bytes.buffer);
      this.start = at;
    }
    return at - this.start;
  }

  /** Find where a file begins behind the tags that programs put in front of it. */
  async skipTags() {
    for (let at = 0; ; ) {
      const from = await this.load(at, 10);
      if (from + 10 > this.bytes.length || this.view.getUint32(from) >>> 8 !== ID3) return at;
      const size = [6, 7, 8, 9].reduce((sum, place) => 128 * sum + (this.view.getUint8(from + place) & 127), 0);
      at += 10 + size + (this.view.getUint8(from + 5) & 16 ? 10 : 0);
    }
  }
}
