// A worker: keeps the stems that are made here as files, off the page's own thread.
//
// In: { modules, stems, samples } first; then { id, piece, memory } to append samples, whose memory comes back, { id, finish: true } behind the last ones,
// { id, stem, number } for a segment, { id, form, names } for files to take home: one, or a zip of some. Out: { id } with
// { gain, segments, peaks } of what is there by now, with { file }, or with { failed }.

/** @type {import("./stem_files.js").StemFiles} */
let files;
/** @type {typeof import("./zip.js").zip} */
let zip;
/** @type {typeof import("../../separator/garbage.js").suggestCollection} */
let suggestCollection;

/** @param {{ modules: string[], stems: number, samples: number }} setup */
async function begin({ modules, stems, samples }) {
  const [separator, { FlacSegment }, { StemFiles }, { zip: pack }] = await Promise.all(
    modules.map((module) => import(module)),
  );
  const answer = await fetch(new URL(separator.libraryFile(), modules[0]));
  const encoder = new separator.FlacEncoder(await WebAssembly.compile(await answer.arrayBuffer()));
  files = new StemFiles(stems, samples, { encoder, flacHeader: separator.flacHeader, FlacSegment });
  zip = pack;
  ({ suggestCollection } = separator);
}

/**
 * @param {"flac" | "wav"} form
 * @param {{ stem: number, name: string }[]} names
 */
async function take(form, names) {
  const taken = [];
  for (const { stem, name } of names) taken.push({ name, file: await files[form](stem) });
  return taken.length === 1 ? taken[0]?.file : zip(taken);
}

/** @param {any} message */
async function perform({ piece, finish, form, names, stem, number }) {
  if (form) return { file: await take(form, names) };
  if (number !== undefined) return { file: files.segment(stem, number), gain: files.gain };
  if (piece) {
    await files.write(piece);
    suggestCollection();
  }
  if (finish) files.finish();
  return { gain: files.gain, segments: files.segments, peaks: files.stems.map(({ peaks }) => peaks) };
}

let last = Promise.resolve();
addEventListener("message", ({ data }) => {
  last = last.then(async () => {
    try {
      if (data.modules) await begin(data);
      else
        postMessage(
          { id: data.id, memory: data.memory, ...(await perform(data)) },
          { transfer: data.memory ? [data.memory] : [] },
        );
    } catch (error) {
      postMessage({ id: data.id, failed: String(error) });
    }
  });
});
