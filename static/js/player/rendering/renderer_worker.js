// A worker: keeps the decoded stems and makes what is heard of them, off the page's own thread. A worker, as an audio
// worklet is missing where the page came over plain http from another machine.
//
// In: { modules, wasm, stems, segment, rate } first, then { prepare: true } to load the stretcher,
// { stem, number, channels, gain } to keep a segment, { stem, number } to let go of it, and
// { piece, heard, length, chosen, buffer } to make `length` frames of the stems `chosen`, in `buffer` if that is given,
// else in a new one. Out: { samples } for each of the latter: both channels of one stem after the other; { error } if
// that is impossible. { spare } is memory of segments that were let go of.

/** @typedef {import("./renderer.js").Renderer} Renderer */
/** @typedef {import("./renderer.js").Piece} Piece */
/** @typedef {{ piece: Piece, heard: number, length: number, chosen: number[], buffer?: ArrayBuffer }} Order */
/** @typedef {{ modules: string[], wasm: string, stems: number, segment: number, rate: number }} Setup */

/** @type {Renderer | null} */
let renderer = null;
/** @type {WebAssembly.Module | null} */
let library = null;
let address = "";
let songRate = 0;

/** @param {Setup} setup */
async function begin({ modules, wasm, stems, segment, rate }) {
  const [{ Renderer }, { resampled }, { Stretcher }] = await Promise.all(modules.map((module) => import(module)));
  const makeStretcher = (/** @type {number} */ channels) => new Stretcher(library, channels, rate);
  address = wasm;
  songRate = rate;
  renderer = new Renderer(stems, segment, { rate, makeStretcher, resampled });
}

/** Load the stretcher, which most people never need, as soon as somebody does. */
async function loadLibrary() {
  if (library) return;
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the stretcher: status ${answer.status}`);
  library = await WebAssembly.compile(await answer.arrayBuffer());
}

/** @param {Order} order */
async function make({ piece, heard, length, chosen, buffer }) {
  if (piece.groups.some(({ speed, rate }) => speed !== 1 || rate !== songRate)) await loadLibrary();
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

/** @param {{ stem: number, number: number }} segment */
function giveBack({ stem, number }) {
  const spare = renderer?.drop(stem, number).map(({ buffer }) => buffer) ?? [];
  postMessage({ spare }, { transfer: spare });
}

/** @param {any} data */
async function receive(data) {
  if (data.modules) await begin(data);
  else if (data.prepare)
    await loadLibrary().catch(() => null); // it is tried again when it is needed
  else if (data.channels) renderer?.keep(data.stem, data.number, data.channels, data.gain);
  else if (!data.piece) giveBack(data);
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
