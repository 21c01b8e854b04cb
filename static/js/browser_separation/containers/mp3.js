// MP3 files: frames whose bits may begin in frames before them, and whose samples overlap with those of the frame before.
// A piece begins some frames earlier, of which nothing is kept.

/** @typedef {import("./file_window.js").FileWindow} FileWindow */
/** @typedef {import("../pieces.js").Plan} Plan */

const HEADER = 4; // bytes
const RATES = [44_100, 48_000, 32_000];
const KILOBITS = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320], // MPEG 1
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160], // MPEG 2 and 2.5
];
const [LAYER_3, MONO] = [1, 3]; // as they are written
const LEAD = 24; // frames before a piece: the smallest ones hold the 511 bytes that may be needed of them
const DECODER_DELAY = 529; // samples
const DELAY = 21; // where it is in what LAME adds to a first frame
const SEARCHED = 1 << 16; // bytes in which the first frame must be

/** @typedef {{ size: number, samples: number, rate: number, kind: number, side: number }} Frame */

/**
 * Plan how to decode a file; null where it is none of these.
 * @param {FileWindow} file
 * @param {number} seconds of a piece
 * @returns {Promise<Plan | null>}
 */
export async function planMp3(file, seconds) {
  const tagged = await file.skipTags();
  let at = await findFrame(file, tagged, tagged + SEARCHED, null);
  if (at < 0) return null;
  const first = /** @type {Frame} */ (readFrame(file, await file.load(at, HEADER)));
  const gap = await readGap(file, at, first);
  if (gap) at += first.size;
  const wanted = Math.ceil((seconds * first.rate) / first.samples);
  const offsets = []; // of frames
  while (at >= 0) {
    const from = await file.load(at, HEADER);
    const frame = readFrame(file, from);
    if (frame?.kind === first.kind && at + frame.size <= file.size) {
      offsets.push(at);
      at += frame.size;
    } else at = await findFrame(file, at + 1, file.size, first);
  }
  return cut(offsets, file.size, { wanted, first, gap: gap ?? [0, 0] });
}

/**
 * @param {number[]} offsets of frames
 * @param {number} size of the file
 * @param {{ wanted: number, first: Frame, gap: [number, number] }} facts
 * @returns {Plan}
 */
function cut(offsets, size, { wanted, first, gap: [skip, padding] }) {
  const { rate, samples } = first;
  const pieces = [];
  for (let frame = 0; frame < offsets.length; frame += wanted) {
    const [lead, next] = [Math.max(frame - LEAD, 0), Math.min(frame + wanted, offsets.length)];
    const [from, to] = [offsets[lead] ?? 0, offsets[next] ?? size];
    const header = new Uint8Array(0);
    pieces.push({ header, from, to, begin: lead * samples, start: frame * samples, end: next * samples });
  }
  return { rate, pieces, skip, length: Math.max(offsets.length * samples - skip - padding, 0) };
}

/**
 * Read the header of a frame; null where none begins.
 * @param {FileWindow} file
 * @param {number} from where it is in the window
 * @returns {Frame | null}
 */
function readFrame({ bytes, view }, from) {
  if (from + HEADER > bytes.length) return null;
  const head = view.getUint32(from);
  const [version, layer] = [(head >>> 19) & 3, (head >>> 17) & 3];
  const kilobits = KILOBITS[version === 3 ? 0 : 1]?.[(head >>> 12) & 15];
  const full = RATES[(head >>> 10) & 3];
  if (head >>> 21 !== 0x7ff || version === 1 || layer !== LAYER_3 || !kilobits || !full) return null;
  const rate = full / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = version === 3 ? 1152 : 576;
  const size = Math.floor((samples * 125 * kilobits) / rate) + ((head >>> 9) & 1);
  const isMono = ((head >>> 6) & 3) === MONO;
  const side = version === 3 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  return { size, samples, rate, kind: (head >>> 19) * 4 + ((head >>> 10) & 3), side };
}

/**
 * Find a frame that is followed by one of its kind, or by the end of the file; -1 where there is none.
 * @param {FileWindow} file
 * @param {number} from
 * @param {number} to
 * @param {Frame | null} like the kind that is wanted
 */
async function findFrame(file, from, to, like) {
  for (let at = from; at < to && at + HEADER <= file.size; at += 1) {
    const place = await file.load(at, HEADER);
    const sync = file.bytes.subarray(0, Math.min(to, file.size) - file.start).indexOf(0xff, place);
    if (sync < 0) {
      at = file.start + file.bytes.length - 1;
      continue;
    }
    at = file.start + sync;
    const frame = readFrame(file, await file.load(at, HEADER));
    if (!frame || (like && frame.kind !== like.kind) || at + frame.size > file.size) continue;
    if (at + frame.size === file.size) return at;
    const next = readFrame(file, await file.load(at + frame.size, HEADER));
    if (next?.kind === frame.kind) return at;
  }
  return -1;
}

/**
 * Read what encoders say in a first frame that holds no sound: how many samples are to be dropped at the beginning and at
 * the end. Null where the frame is one of the song.
 * @param {FileWindow} file
 * @param {number} at
 * @param {Frame} frame
 * @returns {Promise<[number, number] | null>}
 */
async function readGap(file, at, frame) {
  const from = await file.load(at, frame.size);
  const text = (/** @type {number} */ place) => String.fromCharCode(...file.bytes.subarray(place, place + 4));
  if (text(from + HEADER + 32) === "VBRI") return [0, 0];
  const place = from + HEADER + frame.side;
  if (!["Xing", "Info"].includes(text(place))) return null;
  const flags = file.view.getUint32(place + 4);
  const lame = place + 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  if (lame + DELAY + 4 > from + frame.size) return [0, 0];
  const gap = file.view.getUint32(lame + DELAY) >>> 8;
  const [delay, padding] = [gap >>> 12, gap & 4095];
  return [delay + DECODER_DELAY, Math.max(padding - DECODER_DELAY, 0)];
}
