// A worker: keeps the segments of the stems, decodes them, and makes what is heard of them, off the page's own thread. A
// worker, as an audio worklet is missing where the page came over plain http from another machine.
//
// In: { modules, stretcher, opus, codec, stems, segment, rate } first, then { prepare: true } to load the stretcher,
// { stems } where there are more of them, { stem, number, file, length, gain } to keep a segment, { stem, number } to let go of it, and
// { piece, heard, length, chosen, buffer } to make `length` frames of the stems `chosen`, in `buffer` if that is given,
// else in a new one. Out: { samples } for each of the latter: both channels of one stem after the other; { error } if
// that is impossible. { delivered, reason } for each segment: whether it is kept, or why not, "network" or "unplayable".
// { prepared } says whether the stretcher is there.
// { spare } is memory of a file that was let go of.

/** @typedef {import("./renderer.js").Renderer} Renderer */
/** @typedef {import("./renderer.js").Piece} Piece */
/** @typedef {{ piece: Piece, heard: number, length: number, chosen: number[], buffer?: ArrayBuffer }} Order */
/** @typedef {{ modules: string[], stretcher: string, opus: string, codec: string, stems: number, segment: number, rate: number }} Setup */
/** @typedef {{ stem: number, number: number, file: Uint8Array<ArrayBuffer>, length: number, gain: number }} Delivery */

const CACHED = 3; // decoded segments of Opus for each stem: those that are made ahead, and where a change begins

/** @type {Renderer | null} */
let renderer = null;
/** @type {(file: Uint8Array<ArrayBuffer>) => Promise<import("./renderer.js").Segment & { length: number }>} */
let open;
/** @type {() => Promise<void>} */
let loadStretcher;
let songRate = 0;
/** @type {import("./opus_segment.js").SampleCache | null} */
let cache = null;

/** @param {Setup} setup */
async function begin({ modules, stretcher, opus, codec, stems, segment, rate }) {
  const [{ Renderer }, { resampled }, { Stretcher }, { FlacSegment }, { OpusDecoder, OpusSegment, SampleCache }] =
    await Promise.all(modules.map((module) => import(module)));
  /** @type {WebAssembly.Module} */
  let library;
  /** @type {Promise<void> | null} */
  let loading = null;
  loadStretcher = () => {
    loading ??= compiled(stretcher).then(
      (module) => {
        library = module;
      },
      (error) => {
        loading = null; // it is tried again when it is needed
        throw error;
      },
    );
    return loading;
  };
  const makeStretcher = (/** @type {number} */ channels) => new Stretcher(library, channels, rate);
  songRate = rate;
  renderer = new Renderer(segment, { rate, makeStretcher, resampled });
  open = async (file) => new FlacSegment(file);
  if (codec !== "opus") return;
  const kept = new SampleCache(CACHED * stems, segment);
  cache = kept;
  /** @type {import("./opus_segment.js").OpusDecoder} */
  let decoder;
  open = async (file) => {
    decoder ??= new OpusDecoder(await compiled(opus));
    return new OpusSegment(file, decoder, kept);
  };
}

/** The library cannot be fetched. */
class FetchError extends Error {}

/** @param {string} address of WebAssembly */
async function compiled(address) {
  const answer = await fetch(address).catch((error) => {
    throw new FetchError(String(error));
  });
  if (!answer.ok) throw new FetchError(`${address}: status ${answer.status}`);
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** @param {Delivery} delivery */
async function keep({ stem, number, file, length, gain }) {
  try {
    const segment = await open(file);
    if (segment.length < length) throw new Error("a segment is too short");
    renderer?.keep(stem, number, segment, gain);
    postMessage({ delivered: true });
  } catch (error) {
    postMessage({ delivered: true, reason: error instanceof FetchError ? "network" : "unplayable" });
  }
}

/** Load the stretcher while what needs none of it is made. */
function prepare() {
  loadStretcher().then(
    () => postMessage({ prepared: true }),
    () => postMessage({ prepared: false }),
  );
}

/** @param {Order} order */
async function make({ piece, heard, length, chosen, buffer }) {
  if (piece.groups.some(({ speed, rate }) => speed !== 1 || rate !== songRate)) await loadStretcher();
  const size = 4 * 2 * length * chosen.length;
  const samples = new Float32Array(buffer && buffer.byteLength >= size ? buffer : new ArrayBuffer(size));
  const outputs = new Map(
    chosen.map((stem, place) => [
      stem,
      [0, 1].map((side) => samples.subarray((2 * place + side) * length, (2 * place + side + 1) * length)),
    ]),
  );
  renderer?.render(piece, heard, outputs);
  return samples;
}

/** @param {number} stems */
function grow(stems) {
  if (cache) cache.size = CACHED * stems;
}

/** @param {{ stem: number, number: number }} segment */
function drop({ stem, number }) {
  const spare = renderer?.drop(stem, number)?.file?.buffer;
  if (spare) postMessage({ spare }, { transfer: [spare] });
}

/** @param {any} data */
async function receive(data) {
  if (data.modules) await begin(data);
  else if (data.prepare) prepare();
  else if (data.stems) grow(data.stems);
  else if (data.file) await keep(data);
  else if (!data.piece) drop(data);
  else {
    try {
      const samples = await make(data);
      postMessage({ samples }, { transfer: [samples.buffer] });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  }
}

let last = Promise.resolve();
addEventListener("message", ({ data }) => {
  last = last.then(() => receive(data)); // one after another, in the order in which they came
});
