import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { FileWindow } from "stemoteca/browser_separation/containers/file_window";
import { planFlac } from "stemoteca/browser_separation/containers/flac";
import { planWav } from "stemoteca/browser_separation/containers/wav";
import { resample, resampledLength } from "stemoteca/browser_separation/resampling";
import { evenScale } from "stemoteca/browser_separation/scale";
import { SEGMENT_SAMPLES, StemFiles } from "stemoteca/browser_separation/stem_files";
import { zip } from "stemoteca/browser_separation/zip";
import { FlacSegment } from "stemoteca/player/rendering/flac_segment";
import { FlacEncoder, flacHeader, readLibrary } from "../../../static/separator/node.js";

const module = await WebAssembly.compile(await readLibrary());

/** @param {number} samples */
const filesOf = (samples) => new StemFiles(2, samples, { encoder: new FlacEncoder(module), flacHeader, FlacSegment });

/** @param {number} samples @param {number} level @returns {[Float32Array, Float32Array]} */
function tone(samples, level) {
  const left = Float32Array.from({ length: samples }, (_, at) => level * Math.sin(at / 30));
  return [left, left.map((value) => value / 3)];
}

/** @param {Blob} [file] */
async function decoded(file) {
  const segment = new FlacSegment(new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer(0)));
  const channels = [new Float32Array(segment.length), new Float32Array(segment.length)];
  segment.read(channels, 0);
  return channels;
}

test("what Chromium makes of 16 bits is scaled evenly, and nothing else is", () => {
  const stored = [-32_768, -20_001, -1, 0, 1, 777, 32_767];
  const even = Float32Array.from(stored, (value) => value / 32_768);
  const uneven = Float32Array.from(stored, (value) => value / (value > 0 ? 32_767 : 32_768));
  const another = uneven.slice();
  evenScale([uneven]);
  assert.deepEqual(uneven, even);
  evenScale([even]);
  assert.deepEqual(even, uneven);
  const lossy = another.map((value) => value * 0.9);
  const [before, other] = [lossy.slice(), another.slice()];
  evenScale([another, lossy]);
  assert.deepEqual([another, lossy], [other, before]);
});

test("a resampled song is the same whatever pieces it comes in, and its tone stays where it is", async () => {
  for (const [from, to] of [
    [48_000, 44_100],
    [8000, 44_100],
  ]) {
    const tone = Float32Array.from({ length: from + 7 }, (_, at) => Math.sin((2 * Math.PI * 440 * at) / from));
    const all = async (/** @type {number} */ size) => {
      const pieces = (async function* () {
        for (let at = 0; at < tone.length; at += size) {
          const piece = tone.subarray(at, at + size);
          yield/** @type {[Float32Array, Float32Array]} */ ([piece, piece]);
        }
      })();
      const found = [];
      for await (const [, right] of resample(pieces, from, to)) found.push(...right);
      return found;
    };
    const whole = await all(tone.length);
    assert.deepEqual(await all(333), whole);
    assert.deepEqual(await all(17), whole);
    assert.equal(whole.length, resampledLength(tone.length, from, to));
    const [first, last] = [100, whole.length - 400];
    for (let at = first; at < last; at += 1) {
      assert.ok(Math.abs((whole[at] ?? 0) - Math.sin((2 * Math.PI * 440 * at) / to)) < 1e-4, String(at));
    }
  }
});

test("a WAV is cut between samples, and each piece says what it is", async () => {
  const head = Buffer.from("RIFF....WAVEJUNK\x03\0\0\0abc\0fmt \x10\0\0\0", "latin1");
  const format = Buffer.alloc(16);
  for (const [place, value] of [
    [0, 1],
    [2, 1],
    [12, 3],
    [14, 24],
  ])
    format.writeUInt16LE(value, place);
  format.writeUInt32LE(8000, 4);
  const unknown = Buffer.from("data\xff\xff\xff\xff", "latin1"); // as programs write it that do not know the end
  const file = new Blob([head, format, unknown, Buffer.alloc(3 * 20_000 + 2, 5)]);
  const plan = await planWav(new FileWindow(file), 2);
  assert.deepEqual([plan?.rate, plan?.length, plan?.skip], [8000, 20_000, 0]);
  assert.deepEqual(
    plan?.pieces.map(({ from, to, begin, start, end }) => [from - 56, to - 56, begin, start, end]),
    [
      [0, 48_000, 0, 0, 16_000],
      [48_000, 60_000, 16_000, 16_000, 20_000],
    ],
  );
  const header = Buffer.from(plan?.pieces[1]?.header ?? []);
  assert.equal(header.toString("latin1", 0, 4) + header.toString("latin1", 36, 40), "RIFFdata");
  assert.deepEqual([header.length, header.readUInt32LE(4), header.readUInt32LE(40)], [44, 12_036, 12_000]);
  format.writeUInt16LE(2, 0); // compressed
  assert.equal(await planWav(new FileWindow(new Blob([head, format, unknown, Buffer.alloc(99)])), 2), null);
});

test("the search for FLAC frames goes on behind a byte like theirs, wherever it is", async () => {
  class Counted extends FileWindow {
    reads = 0;

    /** @override @param {number} at @param {number} length */
    load(at, length) {
      this.reads += 1;
      assert.ok(this.reads < 1000, "it reads the same again and again");
      return super.load(at, length);
    }
  }
  const info = new Uint8Array(34);
  info.set([0x0a, 0xc4, 0x42, 0xf0], 10); // 44,100 Hz, two channels, 16 bits
  const head = Buffer.concat([Buffer.from("fLaC\x80\0\0\x22", "latin1"), info]);
  for (const before of [15, 16, 17]) {
    const silence = Buffer.alloc(2_100_000);
    silence[2 ** 20 - before - head.length] = 0xff; // at the end of what is read at a time
    const plan = await planFlac(new Counted(new Blob([head, silence])), 10);
    assert.deepEqual([plan?.rate, plan?.length, plan?.pieces], [44_100, 0, []]);
  }
});

test("segments are there as soon as they are full, and the file is all of them", async () => {
  const samples = SEGMENT_SAMPLES + 5000;
  const [left, right] = tone(samples, 0.5);
  const files = filesOf(samples);
  assert.equal(files.segment(0, 0), undefined);
  for (const [from, to] of [
    [0, SEGMENT_SAMPLES - 4096],
    [SEGMENT_SAMPLES - 4096, samples],
  ]) {
    const piece = /** @type {[Float32Array, Float32Array]} */ ([left.subarray(from, to), right.subarray(from, to)]);
    await files.write([piece, piece]);
    assert.equal(files.segments, from ? 1 : 0);
  }
  files.finish();
  assert.equal(files.segments, 2);
  assert.equal(files.stems[0]?.peaks.length, Math.ceil(samples / 4096));
  const whole = await decoded(files.flac(1));
  const second = await decoded(files.segment(1, 1));
  assert.equal(second[0]?.length, 5000);
  assert.deepEqual(whole[1]?.subarray(SEGMENT_SAMPLES), second[1]);
  assert.ok(whole[0]?.every((value, at) => Math.abs(value - (left[at] ?? 0)) <= 0.51 / 32_768));
  const wav = Buffer.from(await (await files.wav(1)).arrayBuffer());
  assert.deepEqual(
    [wav.length, wav.readUInt32LE(4), wav.readUInt32LE(40)],
    [44 + 4 * samples, 36 + 4 * samples, 4 * samples],
  );
  assert.equal(wav.readInt16LE(44 + 4 * 50_000 + 2), (whole[1]?.[50_000] ?? 0) * 32_768);
});

test("stems that would clip all get the server's lower gain, also what was there before", async () => {
  const samples = SEGMENT_SAMPLES + 4096;
  const files = filesOf(samples);
  await files.write([tone(SEGMENT_SAMPLES, 0.5), tone(SEGMENT_SAMPLES, 0.25)]);
  assert.equal(files.gain, 1);
  await files.write([tone(4096, 0.5), tone(4096, 1.2)]);
  files.finish();
  // 1.6 dB over full scale and a margin of 1 dB, in steps of 0.5 dB: as StemWriter does.
  assert.equal(files.gain, 10 ** (-3 / 20));
  const [quiet] = await decoded(files.segment(1, 0));
  const [loud] = await decoded(files.segment(1, 1));
  assert.ok(quiet?.every((value, at) => Math.abs(value - 0.25 * Math.sin(at / 30) * files.gain) <= 1.01 / 32_768));
  assert.ok(loud?.every((value, at) => Math.abs(value - 1.2 * Math.sin(at / 30) * files.gain) <= 0.51 / 32_768));
  await assert.rejects(files.write([tone(10, Number.NaN), tone(10, 0)]), /not numbers/);
});

test("a zip has its files as they are", async () => {
  const contents = ["ä".repeat(3), ""].map((text) => Buffer.from(text));
  const names = ["Canción (vocals).flac", "b.flac"];
  const packed = await zip(names.map((name, index) => ({ name, file: new Blob([contents[index] ?? ""]) })));
  const bytes = Buffer.from(await packed.arrayBuffer());
  let at = 0;
  for (const [index, name] of names.entries()) {
    const [content, size] = [contents[index] ?? Buffer.alloc(0), Buffer.byteLength(name)];
    assert.equal(bytes.readUInt32LE(at), 0x04034b50);
    assert.equal(bytes.readUInt32LE(at + 14), crc32(content));
    assert.deepEqual(
      [18, 22].map((place) => bytes.readUInt32LE(at + place)),
      [content.length, content.length],
    );
    assert.equal(bytes.toString("utf8", at + 30, at + 30 + size), name);
    at += 30 + size + content.length;
  }
  assert.equal(bytes.readUInt32LE(bytes.length - 6), at);
  assert.equal(bytes.readUInt16LE(bytes.length - 12), 2);
});
