// Ogg files (RFC 3533) with Opus or Vorbis: pages that count the samples up to their end. A piece begins a second earlier,
// by which time decoders have forgotten what came before, and nothing of that is kept.

/** @typedef {import("./file_window.js").FileWindow} FileWindow */
/** @typedef {import("../pieces.js").Plan} Plan */
/** @typedef {{ at: number, size: number, position: number, isWhole: boolean }} Page position: -1 where no packet ends */

const MARK = 0x4f676753; // "OggS"
const [POSITION, SERIAL, CHECKSUM, COUNT, LACING] = [6, 14, 22, 26, 27]; // where they are in a page
const LARGEST = LACING + 255 * 256;
const CONTINUED = 1;
const LEAD = 1; // seconds before a piece
const [PRE_SKIP, OPUS_RATE] = [10, 48_000];
const VORBIS_RATE = 12;

/** The checksum of a byte: CRC-32 with the polynomial 0x04c11db7, highest bit first. */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let turn = 0; turn < 8; turn += 1) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});

/**
 * Plan how to decode a file; null where it is none of these, or has several streams.
 * @param {FileWindow} file
 * @param {number} seconds of a piece
 * @returns {Promise<Plan | null>}
 */
export async function planOgg(file, seconds) {
  const first = await readPage(file, 0);
  if (!first) return null;
  const codec = codecOf(file.bytes.slice(0, first.size));
  if (!codec) return null;
  const serial = file.view.getUint32(SERIAL);
  let [missing, at] = [codec.headers, 0];
  /** @type {Page[]} */
  const pages = [];
  while (at < file.size) {
    const page = await readPage(file, at);
    if (!page) break;
    const from = at - file.start;
    if (file.view.getUint32(from + SERIAL) !== serial) return null;
    at += page.size;
    if (missing > 0) missing -= countEnds(file.bytes.subarray(from, from + page.size));
    else pages.push(page);
  }
  const begin = pages[0]?.at ?? 0;
  const header = new Uint8Array(await file.file.slice(0, begin).arrayBuffer());
  if (codec.skip) dropNothing(header, first.size);
  return cut(pages, header, { ...codec, wanted: seconds * codec.rate });
}

/**
 * @param {Page[]} pages
 * @param {Uint8Array<ArrayBuffer>} header
 * @param {{ rate: number, skip: number, wanted: number }} facts
 * @returns {Plan}
 */
function cut(pages, header, { rate, skip, wanted }) {
  const pieces = [];
  let start = 0; // of what is kept of a piece
  let lead = 0; // the page at which it begins
  /** @type {{ page: number, position: number }[]} where a piece could begin, and the samples before it */
  const beginnings = [];
  for (const [number, page] of pages.entries()) {
    const before = pages[number - 1]?.position ?? 0;
    if (page.isWhole && before >= 0) {
      if (before - start >= wanted) {
        pieces.push({ header, from: pages[lead]?.at ?? 0, to: page.at, start, end: before });
        start = before;
        lead = beginnings.findLast(({ position }) => position <= start - LEAD * rate)?.page ?? 0;
      }
      beginnings.push({ page: number, position: before });
    }
  }
  const end = pages.reduce((most, { position }) => Math.max(most, position), 0);
  const [last] = pages.slice(-1);
  if (last && end > start) pieces.push({ header, from: pages[lead]?.at ?? 0, to: last.at + last.size, start, end });
  return { rate, pieces, skip, length: end - skip };
}

/**
 * Read the header of a page; null where none begins, or only a part of it is there.
 * @param {FileWindow} file
 * @param {number} at
 * @returns {Promise<Page | null>}
 */
async function readPage(file, at) {
  const from = await file.load(at, LARGEST);
  const { bytes, view } = file;
  if (from + LACING > bytes.length || view.getUint32(from) !== MARK) return null;
  const lacing = bytes.subarray(from + LACING, from + LACING + view.getUint8(from + COUNT));
  const size = lacing.reduce((sum, each) => sum + each, LACING + lacing.length);
  const position = Number(view.getBigInt64(from + POSITION, true));
  const isWhole = (view.getUint8(from + 5) & CONTINUED) === 0;
  return from + size <= bytes.length ? { at, size, position, isWhole } : null;
}

/**
 * How many packets end in a page.
 * @param {Uint8Array} page
 */
function countEnds(page) {
  return page.subarray(LACING, LACING + (page[COUNT] ?? 0)).filter((each) => each < 255).length;
}

/**
 * What the first page says: the sample rate, how many packets come before the sound, and how many samples are dropped.
 * @param {Uint8Array<ArrayBuffer>} page
 */
function codecOf(page) {
  const packet = page.subarray(LACING + (page[COUNT] ?? 0));
  const text = String.fromCharCode(...packet.subarray(0, 8));
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (text === "OpusHead") return { rate: OPUS_RATE, headers: 2, skip: view.getUint16(PRE_SKIP, true) };
  if (text.startsWith("\x01vorbis")) return { rate: view.getUint32(VORBIS_RATE, true), headers: 3, skip: 0 };
  return null;
}

/**
 * Have decoders of Opus drop nothing at the beginning: what is dropped is ours to say.
 * @param {Uint8Array<ArrayBuffer>} header is changed
 * @param {number} size of its first page
 */
function dropNothing(header, size) {
  const page = header.subarray(0, size);
  const view = new DataView(header.buffer, 0, size);
  view.setUint16(LACING + view.getUint8(COUNT) + PRE_SKIP, 0);
  view.setUint32(CHECKSUM, 0);
  let sum = 0;
  for (const byte of page) sum = ((sum << 8) ^ (CRC[(sum >>> 24) ^ byte] ?? 0)) >>> 0;
  view.setUint32(CHECKSUM, sum, true);
}
