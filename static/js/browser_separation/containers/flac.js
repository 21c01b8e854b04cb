// FLAC files (RFC 9639): frames that need nothing of one another, so that the stream's header makes a file of any of them.

import { readFrameHeader } from "stemoteca/player/rendering/flac_segment";

/** @typedef {import("./file_window.js").FileWindow} FileWindow */
/** @typedef {import("../pieces.js").Plan} Plan */

const MARK = 0x664c6143; // "fLaC"
const INFO_SIZE = 34;
const LAST = 0x80;
const FRAME_HEADER = 16; // bytes at most
const SYNC = 0xff;

/**
 * Plan how to decode a file; null where it is none of these, or damaged.
 * @param {FileWindow} file
 * @param {number} seconds of a piece
 * @returns {Promise<Plan | null>}
 */
export async function planFlac(file, seconds) {
  const start = await file.skipTags();
  const from = await file.load(start, 8 + INFO_SIZE);
  if (file.bytes.length < from + 8 + INFO_SIZE || file.view.getUint32(from) !== MARK) return null;
  const info = file.bytes.slice(from + 8, from + 8 + INFO_SIZE);
  let at = start + 4;
  for (let isLast = false; !isLast; ) {
    const block = await file.load(at, 4);
    if (file.bytes.length < block + 4) return null;
    isLast = file.view.getUint8(block) >= LAST;
    at += 4 + (file.view.getUint32(block) & 0xffffff);
  }
  const view = new DataView(info.buffer);
  const rate = view.getUint32(10) >>> 12;
  const told = (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14); // 0 where the encoder did not know
  const plan = rate ? await cut(file, at, info, rate, rate * seconds) : null;
  return plan && (!told || told === plan.length) ? plan : null;
}

/**
 * @param {FileWindow} file
 * @param {number} first where frames begin
 * @param {Uint8Array<ArrayBuffer>} info
 * @param {number} rate
 * @param {number} wanted samples of a piece, at least
 * @returns {Promise<Plan>}
 */
async function cut(file, first, info, rate, wanted) {
  const bits = ((new DataView(info.buffer).getUint16(12) >> 4) & 31) + 1;
  /** @type {Plan["pieces"]} */
  const pieces = [];
  let [start, end, from] = [0, 0, first];
  const finish = (/** @type {number} */ to) => {
    if (end > start) pieces.push({ header: headerOf(info, end - start), from, to, begin: start, start, end });
    [start, from] = [end, to];
  };
  let frame = await findFrame(file, first, bits, () => true);
  while (frame) {
    if (end - start >= wanted) finish(frame.at);
    const { number, length } = frame.header;
    const next = number + (frame.isVariable ? length : 1);
    end += length;
    frame = await findFrame(file, frame.at + 2, bits, (each) => each === next);
  }
  finish(file.size);
  return { rate, pieces, skip: 0, length: end };
}

/**
 * Find the next frame from a place on.
 * @param {FileWindow} file
 * @param {number} at
 * @param {number} bits
 * @param {(number: number) => boolean} isWanted
 */
async function findFrame(file, at, bits, isWanted) {
  for (let place = at; place < file.size; ) {
    let from = await file.load(place, FRAME_HEADER);
    const isAll = file.start + file.bytes.length === file.size;
    const end = file.bytes.length - (isAll ? 0 : FRAME_HEADER);
    for (from = file.bytes.indexOf(SYNC, from); from >= 0 && from <= end; from = file.bytes.indexOf(SYNC, from + 1)) {
      const header = readFrameHeader(file.bytes, from, bits);
      if (!header || !isWanted(header.number)) continue;
      return { at: file.start + from, header, isVariable: Boolean((file.bytes[from + 1] ?? 0) & 1) };
    }
    place = file.start + (from < 0 ? file.bytes.length : from);
    if (isAll) return null;
  }
  return null;
}

/**
 * Make what a file of some of the samples begins with.
 * @param {Uint8Array<ArrayBuffer>} info
 * @param {number} samples
 */
function headerOf(info, samples) {
  const header = new Uint8Array(8 + INFO_SIZE);
  const view = new DataView(header.buffer);
  view.setUint32(0, MARK);
  view.setUint32(4, LAST * 2 ** 24 + INFO_SIZE);
  header.set(info, 8);
  view.setUint8(21, view.getUint8(21) & 0xf0); // the highest bits of the number of samples
  view.setUint32(22, samples);
  header.fill(0, 26); // their digest
  return header;
}
