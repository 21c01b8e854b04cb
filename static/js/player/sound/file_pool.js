// Memory for fetched files that is used again and again. What `Response.arrayBuffer()` gives waits for a garbage
// collector together with the browser's own copy of it: 240 MB after 400 segments.

// Bytes that are read at a time, into memory that is new for each file: nothing else tells the garbage collector of what
// the browser itself keeps of each answer, and 60 MB of that waited for it.
const CHUNK = 1_048_576;
const STEP = 262_144; // bytes: files differ in size, and memory of a few sizes fits most of them

export class FilePool {
  /** @type {ArrayBuffer[]} */
  #spare = [];

  /**
   * Read the body of an answer, in memory to be given back.
   * @param {Response} answer
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async read(answer) {
    const reader = byteReader(answer);
    if (!reader) return new Uint8Array(await answer.arrayBuffer());
    let file = this.#take(Number(answer.headers.get("Content-Length")) || STEP);
    let chunk = new ArrayBuffer(CHUNK);
    for (let length = 0; ; ) {
      const { done, value } = await reader.read(new Uint8Array(chunk));
      if (value) chunk = value.buffer;
      if (done || !value) return file.subarray(0, length);
      if (length + value.length > file.length) {
        const longer = this.#take(2 * (length + value.length));
        longer.set(file);
        this.give(file.buffer);
        file = longer;
      }
      file.set(value, length);
      length += value.length;
    }
  }

  /** @param {ArrayBuffer} memory that nobody uses any more */
  give(memory) {
    this.#spare.push(memory);
  }

  /** @param {number} size in bytes, at least */
  #take(size) {
    const place = this.#spare.findIndex(({ byteLength }) => byteLength >= size);
    const [memory] = place < 0 ? [] : this.#spare.splice(place, 1);
    return new Uint8Array(memory ?? new ArrayBuffer(STEP * Math.ceil(size / STEP)));
  }
}

/**
 * Get what reads a body into memory of ours; null where the browser does not know it.
 * @param {Response} answer
 */
function byteReader({ body }) {
  try {
    return body?.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
