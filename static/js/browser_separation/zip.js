// A zip of files that are compressed already: stored as they are. Used in a worker, which has no import map: this module
// imports nothing.

const PIECE = 1 << 20; // bytes that are read at a time
const [LOCAL, ENTRY, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const UTF8 = 0x0800; // names
const VERSION = 20;
const DATE = 0x0021; // the first day that the format knows: 1980

/** The checksum of a byte: CRC-32, reflected. */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let turn = 0; turn < 8; turn += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** @param {Blob} file */
async function crc32(file) {
  let sum = -1;
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    for (let each = 0; each < bytes.length; each += 1) {
      sum = /** @type {number} */ (CRC[(sum ^ /** @type {number} */ (bytes[each])) & 255]) ^ (sum >>> 8);
    }
  }
  return ~sum >>> 0;
}

/**
 * Put files together; all of them must be smaller than 4 GB.
 * @param {{ name: string, file: Blob }[]} files
 */
export async function zip(files) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const { name, file } of files) {
    const bytes = new TextEncoder().encode(name);
    const common = { sum: await crc32(file), size: file.size, name: bytes.length };
    const local = header(30, LOCAL, 4, common);
    const entry = header(46, ENTRY, 6, common);
    new DataView(entry.buffer).setUint16(4, VERSION, true);
    new DataView(entry.buffer).setUint32(42, at, true);
    parts.push(local, bytes, file);
    entries.push(entry, bytes);
    at += local.length + bytes.length + file.size;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  for (const place of [8, 10]) end.setUint16(place, files.length, true);
  end.setUint32(
    12,
    entries.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  end.setUint32(16, at, true);
  return new Blob([...parts, ...entries, end.buffer], { type: "application/zip" });
}

/**
 * Make a header; from `start` on, those of files and of entries are alike.
 * @param {number} length
 * @param {number} mark
 * @param {number} start
 * @param {{ sum: number, size: number, name: number }} facts
 */
function header(length, mark, start, { sum, size, name }) {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, mark, true);
  view.setUint16(start, VERSION, true);
  view.setUint16(start + 2, UTF8, true);
  view.setUint16(start + 8, DATE, true);
  view.setUint32(start + 10, sum, true);
  view.setUint32(start + 14, size, true);
  view.setUint32(start + 18, size, true);
  view.setUint16(start + 22, name, true);
  return bytes;
}
