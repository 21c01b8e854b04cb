// Runs a model on one chunk of a song after the other, in WebAssembly: the C of Stemoteca's own engine (separation/
// engines/spleeter/native/src). One engine is one thread's; its memory stays the same however long a song is.

/**
 * What a network looks like, and how its output becomes stems. `activations` of encoder and decoder; `bins` that the
 * network sees of a spectrum; `average`: above them, masks are the mean of those below, else zero.
 * @typedef {object} Model
 * @property {string} name
 * @property {string[]} stems
 * @property {string[]} networks stems with a network of their own
 * @property {number} bins
 * @property {number[]} filters channels of the six encoder layers
 * @property {[Activation, Activation]} activations
 * @property {boolean} softmax
 * @property {number} exponent
 * @property {boolean} average
 */

/** @typedef {"ReLU" | "LeakyReLU" | "ELU"} Activation */

/**
 * @typedef {object} Library
 * @property {WebAssembly.Memory} memory
 * @property {WebAssembly.Global} __heap_base
 * @property {() => void} __wasm_call_ctors
 * @property {(model: number) => number} packed_floats
 * @property {(model: number) => number} workspace_floats
 * @property {(model: number, layers: number, packed: number) => number} pack
 * @property {(...addresses: number[]) => number} separate
 * @property {(samples: number) => number} flac_bytes
 * @property {(...values: number[]) => number} flac_frames
 */

export const RATE = 44_100; // hertz
const FRAME = 4096; // samples
const HOP = FRAME / 4;
const FRAMES = 512; // that a network sees at once
export const STRIDE = FRAMES * HOP; // samples from the beginning of a chunk to that of the next
export const CHUNK = STRIDE + FRAME - HOP;
export const LEAD = FRAME; // zeros before a song
const DEPTH = 6;
const TAPS = 25;
const MASK_TAPS = 16;

/** @type {Activation[]} in the order of the C sources */
const ACTIVATIONS = ["ReLU", "LeakyReLU", "ELU"];
const PARTS = ["kernel", "bias", "bn_gamma", "bn_beta", "bn_mean", "bn_var"]; // of a layer
const LAYERS = [
  ...["conv1", "conv2", "conv3", "conv4", "conv5", "conv6"],
  ...["up1", "up2", "up3", "up4", "up5", "up6", "mask"],
];
const UNNORMALISED = ["conv6", "mask"];

const PAGE = 65_536;
const ALIGNMENT = 64;

// (func (result v128) f32x4.relaxed_madd of zeros)
const RELAXED = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
);

// (func (result v128) i8x16.splat of zero)
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11],
);

/** Whether a build runs here at all. */
export const hasSimd = () => typeof WebAssembly === "object" && WebAssembly.validate(SIMD);

/** Whether the faster build runs here. */
export const hasRelaxedSimd = () => WebAssembly.validate(RELAXED);

/**
 * Start the library.
 * @param {WebAssembly.Module} module
 */
export function instantiate(module) {
  const library = /** @type {Library} */ (/** @type {unknown} */ (new WebAssembly.Instance(module).exports));
  library.__wasm_call_ctors();
  return library;
}

/** Reserves memory behind what the library keeps for itself. */
export class Arena {
  /** @param {Library} library */
  constructor({ memory, __heap_base: base }) {
    this.memory = memory;
    this.end = base.value;
  }

  /** @param {number} bytes */
  reserve(bytes) {
    const start = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    this.end = start + bytes;
    const missing = this.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return start;
  }
}

export class Engine {
  #library;
  #addresses;

  /**
   * @param {WebAssembly.Module} module
   * @param {Model} model
   * @param {Map<string, Float32Array>} weights by the names of the archive
   * @throws {Error} for weights of another model
   * @throws {RangeError} where there is not enough memory
   */
  constructor(module, model, weights) {
    this.model = model;
    this.#library = instantiate(module);
    const arena = new Arena(this.#library);
    const { networks } = model;
    const description = arena.reserve(4 * 15);
    this.#ints(description, 15).set(describe(model));
    const floats = this.#library.packed_floats(description);
    if (!floats) throw new Error("this model cannot be run");
    const [analysis, synthesis, sum] = [FRAME, FRAME, CHUNK].map((count) => arena.reserve(4 * count));
    const windows = arena.reserve(4 * 3);
    const layers = arena.reserve(4 * PARTS.length * LAYERS.length);
    const packed = arena.reserve(4 * floats * networks.length);
    const chunk = arena.reserve(4 * 2 * CHUNK);
    const raw = Math.max(...networks.map((network) => rawFloats(model, network, weights)));
    const workspace = arena.reserve(4 * Math.max(this.#library.workspace_floats(description), raw));
    this.#addresses = { description, windows, packed, workspace, chunk };
    const shapes = makeWindows();
    this.#ints(windows, 3).set([analysis ?? 0, synthesis ?? 0, sum ?? 0]);
    for (const [index, address] of [analysis, synthesis, sum].entries()) {
      const values = /** @type {Float32Array} */ (shapes[index]);
      this.#floats(address ?? 0, values.length).set(values);
    }
    for (const [index, network] of networks.entries()) {
      let at = workspace; // which is empty as yet
      const pointers = this.#ints(layers, PARTS.length * LAYERS.length);
      pointers.fill(0);
      for (const [layer, part] of LAYERS.flatMap((name) => PARTS.map((each) => [name, each]))) {
        const values = weights.get(`${network}/${layer}/${part}`);
        if (!values) continue;
        pointers[PARTS.length * LAYERS.indexOf(layer ?? "") + PARTS.indexOf(part ?? "")] = at;
        this.#floats(at, values.length).set(values);
        at += 4 * values.length;
      }
      this.#library.pack(description, layers, packed + 4 * floats * index);
      this.#floats(workspace, (at - workspace) / 4).fill(0);
    }
  }

  /**
   * Separate both channels of a chunk, one after the other; returns those of each stem.
   * @param {Float32Array} samples [2 * CHUNK]
   * @param {Float32Array<ArrayBuffer>} [into] what is returned, where it is there already
   * @returns {Float32Array<ArrayBuffer>} [stems * 2 * CHUNK]
   */
  separate(samples, into = new Float32Array(2 * CHUNK * this.model.stems.length)) {
    const { description, windows, packed, workspace, chunk } = this.#addresses;
    this.#floats(chunk, 2 * CHUNK).set(samples);
    // The stems lie where the workspace begins, which is not needed any more when they are written.
    this.#library.separate(description, windows, packed, workspace, chunk, workspace);
    into.set(this.#floats(workspace, into.length));
    return into;
  }

  /** How much memory the engine takes, in bytes. */
  get bytes() {
    return this.#library.memory.buffer.byteLength;
  }

  /** @param {number} address @param {number} count */
  #ints(address, count) {
    return new Int32Array(this.#library.memory.buffer, address, count);
  }

  /** @param {number} address @param {number} count */
  #floats(address, count) {
    return new Float32Array(/** @type {ArrayBuffer} */ (this.#library.memory.buffer), address, count);
  }
}

/**
 * The model as the C sources have it (model.h).
 * @param {Model} model
 */
function describe({ stems, networks, bins, filters, activations, softmax, exponent, average }) {
  const kinds = activations.map((name) => ACTIVATIONS.indexOf(name));
  return [FRAMES, bins, ...filters, ...kinds, +softmax, exponent, networks.length, stems.length, +average];
}

/**
 * Count the values of a network's weights.
 * @param {Model} model
 * @param {string} network
 * @param {Map<string, Float32Array>} weights
 * @throws {Error} where they are not those of the model
 */
function rawFloats({ filters }, network, weights) {
  const widths = [2, ...filters];
  const width = (/** @type {number} */ level) => widths[level] ?? 0;
  let total = 0;
  for (const [index, layer] of LAYERS.entries()) {
    const level = index < DEPTH ? index + 1 : 2 * DEPTH - index; // of the encoder's output, or the decoder's input
    const isDecoder = index >= DEPTH;
    const output = isDecoder ? (level > 1 ? width(level - 1) : 1) : width(level);
    const input = isDecoder ? width(level) * (index === DEPTH ? 1 : 2) : width(level - 1);
    for (const part of PARTS) {
      const isThere = !(part.startsWith("bn_") && UNNORMALISED.includes(layer));
      const plain = part === "kernel" ? TAPS * input * output : output;
      const masking = part === "kernel" ? 2 * MASK_TAPS : 2;
      const expected = !isThere ? 0 : layer === "mask" ? masking : plain;
      const values = weights.get(`${network}/${layer}/${part}`);
      if ((values?.length ?? 0) !== expected || !values?.every(Number.isFinite) === isThere) {
        throw new Error(`the weights are of another model: ${network}/${layer}/${part}`);
      }
      total += expected;
    }
  }
  return total;
}

/** Make Spleeter's windows for analysis and synthesis, and their product, overlap-added over a chunk, in float32. */
function makeWindows() {
  const { fround } = Math;
  const turn = fround(2 * Math.PI);
  const analysis = Float32Array.from({ length: FRAME }, (_, n) => {
    const angle = fround(fround(turn * n) / FRAME);
    return fround(0.5 - fround(0.5 * fround(Math.cos(angle))));
  });
  const synthesis = analysis.map((value) => value * fround(2 / 3));
  const sum = new Float32Array(CHUNK);
  for (let start = 0; start < STRIDE; start += HOP) {
    for (let n = 0; n < FRAME; n += 1) {
      const product = fround((analysis[n] ?? 0) * (synthesis[n] ?? 0));
      sum[start + n] = (sum[start + n] ?? 0) + product;
    }
  }
  return [analysis, synthesis, sum];
}
