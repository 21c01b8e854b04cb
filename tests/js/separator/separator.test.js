import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FlacSegment } from "stemoteca/player/rendering/flac_segment";
import { readArchive } from "../../../static/separator/archive.js";
import { countChunks, cutChunks, OverlapAdd } from "../../../static/separator/chunks.js";
import { CHUNK, LEAD, STRIDE } from "../../../static/separator/engine.js";
import { flacHeader } from "../../../static/separator/flac_encoder.js";
import { FlacEncoder, load, readLibrary } from "../../../static/separator/node.js";
import { Pool } from "../../../static/separator/pool.js";

const FILTERS = [4, 4, 4, 4, 4, 4];
const folder = mkdtempSync(join(tmpdir(), "separator-"));
after(() => rmSync(folder, { recursive: true }));

/**
 * Make an array in NumPy's format.
 * @param {string} type
 * @param {number[]} shape
 * @param {ArrayBufferView} values
 */
function numpyFile(type, shape, values) {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(117);
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}\n`, "latin1");
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}

/**
 * Make an archive as NumPy's `savez` does, as far as it is read.
 * @param {[name: string, file: Buffer][]} members
 */
function archive(members) {
  const locals = [];
  const entries = [];
  let at = 0;
  for (const [name, file] of members) {
    const local = Buffer.alloc(30);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    for (const place of [20, 24]) entry.writeUInt32LE(file.length, place);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), file);
    entries.push(entry, Buffer.from(name));
    at += local.length + name.length + file.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...entries, end]);
}

/** Write a model whose mask is one half everywhere: all its weights are zero. */
function halvingModel() {
  const widths = [2, ...FILTERS];
  /** @type {[string, Buffer][]} */
  const members = [];
  const add = (/** @type {string} */ name, /** @type {number} */ size, /** @type {number[]} */ shape) => {
    members.push([`vocals/${name}.npy`, numpyFile("<f4", shape, new Float32Array(size))]);
  };
  for (let layer = 1; layer <= 6; layer += 1) {
    const [before = 0, own = 0] = [widths[layer - 1], widths[layer]];
    const level = 7 - layer;
    const [input, output] = [(widths[level] ?? 0) * (layer > 1 ? 2 : 1), level > 1 ? (widths[level - 1] ?? 0) : 1];
    add(`conv${layer}/kernel`, 25 * before * own, [5, 5, before, own]);
    add(`up${layer}/kernel`, 25 * input * output, [5, 5, output, input]);
    const parts = ["bias", "bn_gamma", "bn_beta", "bn_mean", "bn_var"];
    for (const part of layer < 6 ? parts : ["bias"]) add(`conv${layer}/${part}`, own, [own]);
    for (const part of parts) add(`up${layer}/${part}`, output, [output]);
  }
  add("mask/kernel", 32, [4, 4, 1, 2]);
  add("mask/bias", 2, [2]);
  const file = join(folder, "halves.npz");
  const bytes = archive(members);
  writeFileSync(file, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  /** @type {import("../../../static/separator/core.js").Description} */
  const model = {
    name: "halves",
    stems: ["vocals", "accompaniment"],
    networks: ["vocals"],
    bins: 64,
    filters: FILTERS,
    activations: ["ELU", "ELU"],
    softmax: false,
    exponent: 1,
    average: true,
    weights: { files: [file], sha256, size: bytes.length },
  };
  return model;
}

/** @param {number} samples @returns {[Float32Array, Float32Array]} */
function song(samples) {
  const left = Float32Array.from({ length: samples }, (_, at) => Math.sin(at / 40) * 0.5);
  return [left, left.map((value) => -value / 2)];
}

test("float16, float32 and nonsense in an archive", async () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7bff);
  const arrays = await readArchive(
    new Uint8Array(
      archive([
        ["a/half.npy", numpyFile("<f2", [6], halves)],
        ["a/single.npy", numpyFile("<f4", [2], Float32Array.of(0.1, -3))],
      ]),
    ),
  );
  assert.deepEqual([...(arrays.get("a/half") ?? [])], [1, -2, 0.333251953125, 2 ** -24, -0, 65504]);
  assert.deepEqual(arrays.get("a/single"), Float32Array.of(0.1, -3));
  for (const wrong of [
    new Uint8Array(0),
    new Uint8Array(5000).fill(80),
    new Uint8Array(archive([["a.npy", numpyFile("<f8", [1], Float64Array.of(1))]])),
  ]) {
    await assert.rejects(readArchive(wrong), /no weights/);
  }
});

/**
 * Cut a song into pieces of some sizes, again and again.
 * @param {[Float32Array, Float32Array]} song
 * @param {number[]} sizes
 * @returns {Generator<[Float32Array, Float32Array]>}
 */
function* inPieces([left, right], sizes) {
  for (let at = 0, turn = 0; at < left.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 0);
    yield [left.subarray(at, end), right.subarray(at, end)];
    at = end;
  }
}

test("chunks cover a song once, whatever pieces it comes in, and their stems add up to its length", async () => {
  for (const samples of [0, 1, STRIDE - LEAD, STRIDE - LEAD + 1, 2 * STRIDE]) {
    const [left, right] = song(samples);
    const overlapAdd = new OverlapAdd(samples);
    let [length, number] = [0, 0];
    for await (const chunk of cutChunks({ length: samples, pieces: inPieces([left, right], [700_001, 0, 3000]) })) {
      // What overlaps is in two chunks: one of them gives nothing there.
      for (const side of number ? [0, 1] : []) chunk.fill(0, side * CHUNK, side * CHUNK + CHUNK - STRIDE);
      const { from, stems } = overlapAdd.add(chunk);
      assert.equal(from, length);
      assert.deepEqual(
        stems[0],
        [left, right].map((side) => side.subarray(from, from + (stems[0]?.[0].length ?? 0))),
      );
      length += stems[0]?.[1].length ?? 0;
      number += 1;
    }
    assert.equal(length, samples);
    assert.equal(number, countChunks(samples));
  }
});

test("samples that would overflow are clipped", async () => {
  const loud = Float32Array.of(1e30, -1e30, 0.5);
  const { value: chunk } = await cutChunks({ length: 3, pieces: [[loud, loud]] }).next();
  assert.deepEqual(chunk?.subarray(LEAD, LEAD + 3), Float32Array.of(1e6, -1e6, 0.5));
});

for (const relaxed of [false, true]) {
  test(`a song becomes stems of its length, relaxed SIMD: ${relaxed}`, async () => {
    const samples = STRIDE + 1000;
    const [left, right] = song(samples);
    const separator = await load(halvingModel(), { workers: 2, relaxed });
    /** @type {number[]} */
    const shares = [];
    let [length, farthest] = [0, 0];
    for await (const { from, stems } of separator.separate([left, right], { onProgress: (s) => shares.push(s) })) {
      for (const [side, channel] of [left, right].entries()) {
        for (const stem of stems) {
          stem[side]?.forEach((value, at) => {
            farthest = Math.max(farthest, Math.abs(value - (channel[from + at] ?? 0) / 2));
          });
        }
      }
      length += stems[0]?.[0].length ?? 0;
    }
    assert.equal(length, samples);
    assert.ok(farthest < 1e-6, String(farthest));
    assert.deepEqual(shares, [0.5, 1]);
    separator.close();
  });
}

test("a worker with a bundled model takes no more memory than the documentation says", async () => {
  const folder = new URL("../../../static/separator/", import.meta.url);
  const most = { "compact:2stems": 60e6, "compact:4stems": 83e6 };
  for (const model of JSON.parse(readFileSync(new URL("models.json", folder), "utf8"))) {
    const bundled = "../../separation/engines/spleeter/bundled/";
    const files = model.weights.files.map((/** @type {string} */ file) => file.replace("models/", bundled));
    const separator = await load({ ...model, weights: { ...model.weights, files } }, { workers: 1 });
    assert.ok(
      separator.bytes <= most[/** @type {keyof typeof most} */ (model.name)],
      `${model.name}: ${separator.bytes}`,
    );
    separator.close();
  }
});

test("what waits for a worker takes nothing for its answer", async () => {
  /** @type {string[]} */
  const asked = [];
  /** @type {(data: object) => void} */
  let answer = () => undefined;
  const worker = {
    postMessage: () => undefined,
    terminate: () => undefined,
    listen(/** @type {typeof answer} */ onMessage) {
      answer = onMessage;
    },
  };
  const pool = new Pool([worker]);
  const run = (/** @type {string} */ name) =>
    pool.run(() => {
      asked.push(name);
      return { message: {}, transfer: [] };
    });
  const first = run("first");
  const second = run("second");
  assert.deepEqual(asked, ["first"]);
  answer({});
  await first;
  assert.deepEqual(asked, ["first", "second"]);
  answer({});
  await second;
});

test("weights that are not those of the model are refused", async () => {
  const model = halvingModel();
  await assert.rejects(load({ ...model, weights: { ...model.weights, sha256: "0".repeat(64) } }), { code: "damaged" });
  await assert.rejects(load({ ...model, filters: [4, 4, 4, 4, 4, 8] }), { code: "failed", message: /another model/ });
});

test("a song in pieces becomes the same stems, and its pieces end when nobody takes more", async () => {
  const separator = await load(halvingModel(), { workers: 1 });
  const [left, right] = song(3 * STRIDE);
  const whole = (await separator.separate([left, right]).next()).value?.stems;
  let hasEnded = false;
  async function* pieces() {
    try {
      yield* inPieces([left, right], [5000]);
    } finally {
      hasEnded = true;
    }
  }
  for await (const { stems } of separator.separate({ length: left.length, pieces: pieces() })) {
    assert.deepEqual(stems, whole);
    break;
  }
  await new Promise((done) => setTimeout(done));
  assert.ok(hasEnded);
  const short = separator.separate({ length: 2 * STRIDE, pieces: [[left.subarray(0, 9), right.subarray(0, 9)]] });
  await assert.rejects(short.next(), TypeError);
  separator.close();
});

test("an aborted song ends at once, and the next one can be separated", async () => {
  const separator = await load(halvingModel(), { workers: 1 });
  const stop = new AbortController();
  const pieces = separator.separate(song(4 * STRIDE), { signal: stop.signal });
  await pieces.next();
  const next = pieces.next();
  stop.abort();
  await assert.rejects(next, { name: "AbortError" });
  await assert.rejects(separator.separate(song(1), { signal: stop.signal }).next(), { name: "AbortError" });
  const { value } = await separator.separate(song(10)).next();
  assert.equal(value?.stems[1]?.[1].length, 10);
  separator.close();
  await assert.rejects(separator.separate(song(10)).next(), { code: "failed" });
});

test("what the encoder writes is FLAC without a loss", async () => {
  const encoder = new FlacEncoder(await WebAssembly.compile(await readLibrary()));
  const samples = 40 * 4096 + 77;
  const pcm = Int16Array.from({ length: 2 * samples }, (_, at) => {
    return at % 2 ? 12_000 * Math.sin(at / 90) : ((at * 7919) % 65_536) - 32_768;
  });
  const whole = 2 * 4096 * 33;
  const pieces = [encoder.frames(pcm.subarray(0, whole), 0), encoder.frames(pcm.subarray(whole), 33)];
  const file = new Uint8Array(Buffer.concat([flacHeader(samples), ...pieces]));
  const decoded = new FlacSegment(file);
  assert.equal(decoded.length, samples);
  const channels = [new Float32Array(samples), new Float32Array(samples)];
  decoded.read(channels, 0);
  for (const [side, channel] of channels.entries()) {
    assert.ok(channel.every((value, at) => value * 32_768 === pcm[2 * at + side]));
  }
  assert.equal(encoder.frames(new Int16Array(0), 0).length, 0);
});
