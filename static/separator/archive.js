// Files that weights are kept in: NumPy archives (.npz), which are a zip of arrays of float16 or float32, compressed or
// not; and the data of TensorFlow's checkpoints.

const END = 0x06054b50; // of the central directory
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const [STORED, DEFLATED] = [0, 8];

/** The powers of two of a float16's exponents; 0 stands for what is smaller than normal. */
const SCALES = Float32Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/**
 * Read the arrays of an archive, by name, each flat.
 * @param {Uint8Array<ArrayBuffer>} archive
 * @returns {Promise<Map<string, Float32Array<ArrayBuffer>>>}
 * @throws {Error} where it is damaged, or of another kind
 */
export async function readArchive(archive) {
  try {
    const arrays = new Map();
    for (const { name, method, bytes } of members(archive)) {
      const file = method === DEFLATED ? await inflate(bytes) : bytes.slice().buffer;
      arrays.set(name.replace(/\.npy$/, ""), readArray(file));
    }
    return arrays;
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new Error(`these are no weights: ${error.message}`, { cause: error });
  }
}

/**
 * Cut the arrays out of a checkpoint's data, which has them as they are.
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {Record<string, [byte: number, count: number]>} places
 * @returns {Map<string, Float32Array<ArrayBuffer>>} views of it
 */
export function cutArrays({ buffer, byteOffset }, places) {
  const arrays = Object.entries(places).map(([name, [byte, count]]) => [
    name,
    new Float32Array(buffer, byteOffset + byte, count),
  ]);
  return new Map(/** @type {[string, Float32Array<ArrayBuffer>][]} */ (arrays));
}

/** @param {Uint8Array<ArrayBuffer>} archive */
function* members(archive) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(view);
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const method = view.getUint16(at + 10, true);
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError("no entry");
    if (method !== STORED && method !== DEFLATED) throw new RangeError("another compression");
    const [size, nameSize] = [view.getUint32(at + 20, true), view.getUint16(at + 28, true)];
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameSize));
    yield { name, method, bytes: archive.subarray(start, start + size) };
    at += 46 + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
function inflate(bytes) {
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(inflated).arrayBuffer();
}

/** @param {DataView} view */
function findEnd(view) {
  for (let at = view.byteLength - END_SIZE; at >= 0; at -= 1) if (view.getUint32(at, true) === END) return at;
  throw new RangeError("no archive");
}

/** @param {ArrayBuffer} file in NumPy's own format, .npy */
function readArray(file) {
  const view = new DataView(file);
  const long = view.getUint8(6) > 1;
  const start = long ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
  const header = new TextDecoder().decode(new Uint8Array(file).subarray(long ? 12 : 10, start));
  const type = /'descr': '(<f[24])', 'fortran_order': False/.exec(header)?.[1];
  if (!type) throw new RangeError("an array of another type");
  return type === "<f4" ? new Float32Array(file.slice(start)) : fromHalves(new Uint16Array(file.slice(start)));
}

/** @param {Uint16Array} halves the bits of finite float16 */
function fromHalves(halves) {
  const values = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at += 1) {
    const half = /** @type {number} */ (halves[at]);
    const exponent = (half >> 10) & 31;
    const magnitude = ((half & 1023) | (exponent && 1024)) * (SCALES[exponent] ?? Number.NaN);
    values[at] = half >> 15 ? -magnitude : magnitude;
  }
  return values;
}
