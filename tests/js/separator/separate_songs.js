// Separates songs with Node, for tests in Python: `node separate_songs.js jobs.json`. Files hold float32, as NumPy reads
// them: a song left and then right, stems one after the other.

import { readFileSync, writeFileSync } from "node:fs";
import { load } from "../../../static/separator/node.js";

/** @typedef {{ model: import("../../../static/separator/core.js").Description, relaxed: boolean, workers: number }} Setup */
/** @typedef {Setup & { songs: { file: string, samples: number, to: string }[] }} Job */

/** @type {Job[]} */
const jobs = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
for (const { model, songs, ...options } of jobs) {
  const separator = await load(model, options);
  for (const { file, samples, to } of songs) {
    const both = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
    const stems = model.stems.map(() => [0, 1].map(() => new Float32Array(samples)));
    const song = /** @type {[Float32Array, Float32Array]} */ ([both.subarray(0, samples), both.subarray(samples)]);
    let length = 0;
    for await (const piece of separator.separate(song)) {
      if (piece.from !== length) throw new Error("a piece is missing");
      length += piece.stems[0]?.[0].length ?? 0;
      for (const [stem, channels] of piece.stems.entries()) {
        for (const [side, values] of channels.entries()) stems[stem]?.[side]?.set(values, piece.from);
      }
    }
    if (length !== samples) throw new Error(`${length} samples instead of ${samples}`);
    writeFileSync(to, Buffer.concat(stems.flat().map((values) => Buffer.from(values.buffer))));
  }
  separator.close();
}
