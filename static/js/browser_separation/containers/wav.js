// WAV files: samples of one size, so that they can be cut anywhere.

const [RIFF, WAVE, FORMAT, DATA] = [0x52494646, 0x57415645, 0x666d7420, 0x64617461];
const CUTTABLE = [1, 3, 6, 7, 0xfffe]; // plain, floating point, A-law, mu-law, and what says more elsewhere

/**
 * Plan how to decode a file; null where it is none of these.
 * @param {import("./file_window.js").FileWindow} file
 * @param {number} seconds of a piece
 * @returns {Promise<import("../pieces.js").Plan | null>}
 */
export async function planWav(file, seconds) {
  await file.load(0, 12);
  if (file.size < 12 || file.view.getUint32(0) !== RIFF || file.view.getUint32(8) !== WAVE) return null;
  /** @type {Uint8Array<ArrayBuffer> | null} */
  let format = null;
  for (let at = 12; at + 8 <= file.size; ) {
    const from = await file.load(at, 8);
    const [name, stored] = [file.view.getUint32(from), file.view.getUint32(from + 4, true)];
    at += 8;
    const size = Math.min(stored, file.size - at); // unknown while it was written, or cut off
    if (name === FORMAT) format = file.bytes.slice(await file.load(at, size), at - file.start + size);
    if (name === DATA) return format && cut(format, at, size, seconds);
    at += size + (size % 2);
  }
  return null;
}

/**
 * @param {Uint8Array<ArrayBuffer>} format the chunk that says what samples are
 * @param {number} from where samples begin in the file
 * @param {number} size of all of them in bytes
 * @param {number} seconds
 * @returns {import("../pieces.js").Plan | null}
 */
function cut(format, from, size, seconds) {
  const view = new DataView(format.buffer);
  if (format.length < 16 || !CUTTABLE.includes(view.getUint16(0, true))) return null;
  const [rate, block] = [view.getUint32(4, true), view.getUint16(12, true)];
  if (!rate || !block) return null;
  const length = Math.floor(size / block);
  const pieces = [];
  for (let start = 0; start < length; start += seconds * rate) {
    const end = Math.min(start + seconds * rate, length);
    const header = headerOf(format, (end - start) * block);
    pieces.push({ header, from: from + start * block, to: from + end * block, begin: start, start, end });
  }
  return { rate, pieces, skip: 0, length };
}

/**
 * @param {Uint8Array<ArrayBuffer>} format
 * @param {number} size of the samples in bytes
 */
function headerOf(format, size) {
  const header = new Uint8Array(28 + format.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, RIFF);
  view.setUint32(4, 20 + format.length + size, true);
  view.setUint32(8, WAVE);
  view.setUint32(12, FORMAT);
  view.setUint32(16, format.length, true);
  header.set(format, 20);
  view.setUint32(20 + format.length, DATA);
  view.setUint32(24 + format.length, size, true);
  return header;
}
