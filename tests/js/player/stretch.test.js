import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Renderer } from "stemoteca/player/rendering/renderer";
import { resampled } from "stemoteca/player/rendering/resampler";
import { Stretcher } from "stemoteca/player/rendering/stretcher";
import {
  changeStretch,
  heardFrames,
  songFrames,
  stretchFrom,
  stretchGroups,
  transposition,
  UNSTRETCHED,
  writeStretch,
} from "stemoteca/player/sound/stretch";

const RATE = 44_100;
const SEGMENT = 1 << 16;
const WASM = new URL("../../../static/vendor/signalsmith-stretch/signalsmith-stretch.wasm", import.meta.url);
const library = new WebAssembly.Module(readFileSync(WASM));

/** @typedef {import("stemoteca/player/rendering/renderer").Piece} Piece */

/**
 * Make a segment of samples that need no decoding.
 * @param {Float32Array[]} stored left and right
 * @returns {import("stemoteca/player/rendering/renderer").Segment}
 */
const segmentOf = (stored) => ({
  read(channels, from) {
    for (const [side, samples] of channels.entries()) {
      const found = stored[side]?.subarray(from, from + samples.length) ?? [];
      samples.set(found);
      samples.fill(0, found.length);
    }
  },
  free: () => undefined,
});

/**
 * Make a renderer that has all segments of some songs, mono, each heard on both sides.
 * @param {Float32Array[]} songs one for each stem
 */
function rendererOf(songs) {
  const makeStretcher = (/** @type {number} */ channels) => new Stretcher(library, channels, RATE);
  const renderer = new Renderer(SEGMENT, { rate: RATE, makeStretcher, resampled });
  for (const [stem, song] of songs.entries()) {
    for (let number = 0; number * SEGMENT < song.length; number += 1) {
      const samples = song.slice(number * SEGMENT, (number + 1) * SEGMENT);
      renderer.keep(stem, number, segmentOf([samples, samples]), 1);
    }
  }
  return renderer;
}

/**
 * Render the left side of some stems, block after block.
 * @param {Renderer} renderer
 * @param {Piece} piece
 * @param {number} length
 * @param {number} [block]
 * @returns {Float32Array[]}
 */
function render(renderer, piece, length, block = 16_384) {
  const stems = piece.groups.flatMap((group) => group.stems);
  const outputs = new Map(stems.map((stem) => [stem, [new Float32Array(length), new Float32Array(length)]]));
  for (let at = 0; at < length; at += block) {
    const end = Math.min(at + block, length);
    const parts = [...outputs].map(([stem, both]) => {
      return /** @type {[number, Float32Array[]]} */ ([stem, both.map((samples) => samples.subarray(at, end))]);
    });
    renderer.render(piece, at, new Map(parts));
  }
  return [...outputs.values()].map(([left = new Float32Array(0)]) => left);
}

/** @param {number} length @param {(seconds: number) => number} wave */
const song = (length, wave) => Float32Array.from({ length }, (_, at) => wave(at / RATE));

/** @param {number} hertz */
const tone = (hertz) => song(6 * RATE, (time) => 0.5 * Math.sin(2 * Math.PI * hertz * time));

let pieces = 0;

/**
 * @param {{ from?: number, to?: number, speed?: number, semitones?: number, names?: string[] }} given
 * @returns {Piece}
 */
function piece({ from = 0, to = 6 * RATE, speed = 100, semitones = 0, names = ["vocals"] }) {
  pieces += 1;
  const stretch = { speed, semitones, cents: 0 };
  return { id: pieces, from, to, speed, groups: stretchGroups(stretch, names, [...names.keys()], RATE) };
}

/**
 * Measure the frequency of a tone, by the phase that it gains from one half of `samples` to the other.
 * @param {Float32Array} samples
 * @param {number} near hertz
 */
function frequency(samples, near) {
  const half = Math.floor(samples.length / 2);
  /** @param {number} from */
  const phase = (from) => {
    let [re, im, weights] = [0, 0, 0];
    for (let at = 0; at < half; at += 1) {
      const weight = Math.sin((Math.PI * at) / half) ** 2;
      const angle = (2 * Math.PI * near * (from + at)) / RATE;
      re += weight * (samples[from + at] ?? 0) * Math.cos(angle);
      im -= weight * (samples[from + at] ?? 0) * Math.sin(angle);
      weights += weight;
    }
    assert.ok(Math.hypot(re, im) / weights > 0.1, "there is a tone");
    return Math.atan2(im, re);
  };
  const gained = phase(half) - phase(0);
  return near + ((gained - 2 * Math.PI * Math.round(gained / (2 * Math.PI))) * RATE) / (2 * Math.PI * half);
}

/** @param {Float32Array | number[]} samples */
function loudest(samples) {
  let most = 0;
  for (const sample of samples) most = Math.max(most, Math.abs(sample));
  return most;
}

/** @param {Float32Array} samples @returns {number} the frame in the middle of its energy */
function centre(samples) {
  let [sum, weights] = [0, 0];
  for (const [at, sample] of samples.entries()) {
    sum += at * sample * sample;
    weights += sample * sample;
  }
  return sum / weights;
}

test("speed and key stay within their limits, and come from the address", () => {
  assert.deepEqual(changeStretch(UNSTRETCHED, { speed: 20, semitones: 13, cents: -51 }), {
    speed: 50,
    semitones: 12,
    cents: -50,
  });
  assert.deepEqual(changeStretch({ speed: 80, semitones: 1, cents: 5 }, { speed: NaN, semitones: 2.4 }), {
    speed: 80,
    semitones: 2,
    cents: 5,
  });
  const stretch = stretchFrom(new URLSearchParams("speed=75&key=-1.85"));
  assert.deepEqual(stretch, { speed: 75, semitones: -2, cents: 15 });
  const query = new URLSearchParams("play=1&speed=90&key=2");
  writeStretch(query, stretch);
  assert.equal(String(query), "play=1&speed=75&key=-1.85");
  writeStretch(query, UNSTRETCHED);
  assert.equal(String(query), "play=1");
  for (const [key, semitones, cents] of /** @type {[string, number, number][]} */ ([
    ["0.5", 0, 50],
    ["-0.5", 0, -50],
    ["1.5", 1, 50],
    ["-2.51", -3, 49],
  ])) {
    assert.deepEqual(stretchFrom(new URLSearchParams({ key })), { speed: 100, semitones, cents });
  }
  assert.deepEqual(stretchFrom(new URLSearchParams("speed=x&key=")), { ...UNSTRETCHED });
});

test("drums have no key", () => {
  const stretch = changeStretch(UNSTRETCHED, { semitones: -2, cents: 50 });
  assert.equal(transposition(stretch, "vocals"), -1.5);
  assert.equal(transposition(stretch, "drums"), 0);
  assert.equal(transposition(stretch, "drums-kick"), 0);
});

test("time in the song and time that is heard belong together at every speed", () => {
  for (let speed = 50; speed <= 150; speed += 1) {
    for (const frames of [1, 44_100, 9_999_999]) {
      assert.ok(Math.abs(songFrames(heardFrames(frames, speed), speed) - frames) <= 1);
    }
  }
});

test("all stems are stretched together, but drums by themselves where the others are transposed", () => {
  const names = ["vocals", "drums", "bass"];
  assert.deepEqual(stretchGroups({ speed: 75, semitones: 0, cents: 0 }, names, [0, 1, 2], RATE), [
    { stems: [0, 1, 2], speed: 0.75, rate: RATE },
  ]);
  assert.deepEqual(stretchGroups({ speed: 100, semitones: 12, cents: 0 }, names, [0, 1, 2], RATE), [
    { stems: [0, 2], speed: 0.5, rate: 2 * RATE },
    { stems: [1], speed: 1, rate: RATE },
  ]);
  assert.deepEqual(stretchGroups({ speed: 100, semitones: -2, cents: 0 }, names, [1], RATE), [
    { stems: [1], speed: 1, rate: RATE },
  ]);
});

test("at the song's own speed and key the samples are the stored ones, across segments, with silence around", () => {
  const stored = song(2 * SEGMENT + 500, (time) => Math.fround(Math.sin(1e5 * time)));
  const [left] = render(rendererOf([stored]), piece({ from: SEGMENT - 700, to: stored.length + 9 }), 70_000, 30_000);
  assert.deepEqual(left?.subarray(0, SEGMENT + 1200), stored.subarray(SEGMENT - 700));
  assert.equal(loudest(left?.subarray(SEGMENT + 1200) ?? [1]), 0);
});

test("what was stored quieter is as loud as in the song, and what was dropped is silent", () => {
  const renderer = rendererOf([Float32Array.of(0.25, -0.5)]);
  renderer.keep(0, 0, segmentOf([Float32Array.of(0.25, -0.5)]), 0.5);
  assert.deepEqual(render(renderer, piece({}), 2), [Float32Array.of(0.5, -1)]);
  renderer.drop(0, 0);
  assert.deepEqual(render(renderer, piece({}), 2), [new Float32Array(2)]);
});

test("what is heard is what is downloaded: the samples are those of the server's tests", () => {
  let state = 1;
  const stems = [new Float32Array(2 * 20_000), new Float32Array(2 * 20_000)];
  for (let at = 0; at < 80_000; at += 1) {
    state = (Math.imul(1_103_515_245, state) + 12_345) & 0x7fffffff;
    const [stem, side, frame] = [(at >> 1) & 1, at & 1, at >> 2];
    const samples = stems[stem];
    if (samples) samples[20_000 * side + frame] = ((state >> 16) - 16_384) / 32_768;
  }
  const renderer = rendererOf([]);
  const both = new Renderer(SEGMENT, renderer.tools);
  for (const [stem, samples] of stems.entries()) {
    both.keep(stem, 0, segmentOf([samples.slice(0, 20_000), samples.slice(20_000)]), 1);
  }
  const wanted = {
    80: [-0.0993109792, -0.186476648, 0.0311898962, -0.162178531],
    50: [-0.0139101231, -0.0021716475, -0.0957258269, 0.332240939],
    150: [-0.302859664, 0.564888, 0.415712357, 0.0528116263],
  };
  for (const [speed, samples] of Object.entries(wanted)) {
    const whole = piece({ to: 20_000, speed: Number(speed), names: ["vocals", "accompaniment"] });
    const [left = new Float32Array(0)] = render(both, whole, 13_001);
    const found = [0, 1000, 10_000, 13_000].map((at) => left[at]);
    assert.deepEqual(found, samples.map(Math.fround), `${speed} %`);
  }
});

test("an octave higher at half the speed is still a tone", () => {
  const renderer = rendererOf([tone(440)]);
  const [heard = new Float32Array(0)] = render(renderer, piece({ from: RATE, speed: 50, semitones: 12 }), RATE);
  assert.ok(Math.abs(1200 * Math.log2(frequency(heard, 880) / 880)) < 2);
  assert.ok(loudest(heard) > 0.3);
});

test("half the speed an octave lower needs no stretcher", () => {
  const [heard = new Float32Array(0)] = render(rendererOf([tone(440)]), piece({ speed: 50, semitones: -12 }), RATE);
  for (const at of [1000, 10_001, 30_002]) {
    assert.ok(Math.abs((heard[at] ?? 9) - 0.5 * Math.sin((2 * Math.PI * 220 * at) / RATE)) < 1e-3);
  }
});

test("a tone keeps its pitch at any speed, and moves by what is asked for, within 2 cents", () => {
  for (const hertz of [82.4, 880]) {
    const renderer = rendererOf([tone(hertz)]);
    for (const [speed, semitones] of /** @type {const} */ ([
      [50, 0],
      [75, -2],
      [100, 7],
      [140, 0.5],
      [75, 0.01],
    ])) {
      const wanted = hertz * 2 ** (semitones / 12);
      const [heard = new Float32Array(0)] = render(renderer, piece({ from: RATE, speed, semitones }), RATE);
      const cents = 1200 * Math.log2(frequency(heard, wanted) / wanted);
      assert.ok(Math.abs(cents) < 2, `${hertz} Hz at ${speed} %, ${semitones}: ${cents} cents`);
    }
  }
});

test("attacks stay attacks and come when they should, transposed or not, to the end of the song", () => {
  const bursts = song(6 * RATE, (time) => (time % 0.5 < 0.02 ? Math.sin(2 * Math.PI * 1000 * (time % 0.5)) : 0));
  const renderer = rendererOf([bursts, bursts]);
  for (const [speed, semitones] of /** @type {const} */ ([
    [50, 0],
    [75, -3],
    [120, 2],
  ])) {
    const whole = piece({ speed, semitones, names: ["vocals", "drums"] });
    for (const heard of render(renderer, whole, heardFrames(6 * RATE, speed), 9000)) {
      for (let beat = 0; beat < 12; beat += 1) {
        const due = heardFrames(0.5 * RATE * beat, speed);
        const begins = heard.findIndex((sample, at) => at > due - 3000 && Math.abs(sample) > 0.3) - due;
        assert.ok(Math.abs(begins) < 0.004 * RATE, `${speed} %, ${semitones}, beat ${beat}: ${begins} frames late`);
      }
    }
  }
});

test("stems with the same sound stay together to the sample, however the blocks are cut", () => {
  const noise = song(6 * RATE, (time) => Math.sin(1e6 * time * time));
  const renderer = rendererOf([noise, noise]);
  const names = ["vocals", "bass"];
  for (const semitones of [0, -2]) {
    const [one = noise, other = noise] = render(renderer, piece({ from: 10_000, speed: 80, semitones, names }), 40_000);
    const [again = noise] = render(renderer, piece({ from: 10_000, speed: 80, semitones, names }), 40_000, 7001);
    assert.ok(loudest(one) > 0.1);
    for (const same of [other, again]) {
      assert.ok(loudest(one.map((sample, at) => sample - (same[at] ?? 0))) < 1e-5);
    }
  }
});

test("a stem in its own key is in time with one that is transposed", () => {
  const clicks = song(6 * RATE, (time) => Math.exp(-(((time % 0.5) - 0.25) ** 2) / 2e-8));
  const transposed = piece({ semitones: 0.01, names: ["vocals", "drums"] });
  const [moved = new Float32Array(0), plain = moved] = render(rendererOf([clicks, clicks]), transposed, 3 * RATE);
  for (const beat of [0.5, 2.5, 5.5]) {
    const due = 0.5 * RATE * beat;
    const [one, other] = [plain, moved].map((samples) => centre(samples.subarray(due - 2000, due + 2000)));
    assert.ok(Math.abs((one ?? 0) - (other ?? 99)) <= 1, `beat ${beat}: ${one} and ${other}`);
  }
  assert.deepEqual(plain, clicks.subarray(0, 3 * RATE));
});

test("a stem that is muted meanwhile leaves the others as they are", () => {
  const renderer = rendererOf([tone(440), new Float32Array(6 * RATE)]);
  const names = ["vocals", "bass"];
  const [both] = render(renderer, piece({ speed: 80, names }), 20_000, 10_000);
  const alone = [new Float32Array(20_000), new Float32Array(20_000)];
  const same = piece({ speed: 80, names });
  for (const at of [0, 10_000]) {
    const parts = alone.map((samples) => samples.subarray(at, at + 10_000));
    renderer.render(
      same,
      at,
      new Map(
        at
          ? [[0, parts]]
          : [
              [0, parts],
              [1, parts.map((part) => part.slice())],
            ],
      ),
    );
  }
  assert.deepEqual(alone[0], both);
});

test("what begins in the middle is loud at once", () => {
  const [heard = new Float32Array(0)] = render(rendererOf([tone(440)]), piece({ from: 50_000, speed: 70 }), 4000);
  for (const [at, least] of [
    [0, 0.25],
    [441, 0.45],
    [2000, 0.45],
  ]) {
    const most = loudest(heard.subarray(at, (at ?? 0) + 441));
    assert.ok(most > (least ?? 0) && most < 0.75, `${most} at ${at}`);
  }
});
