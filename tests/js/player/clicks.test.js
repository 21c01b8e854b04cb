import assert from "node:assert/strict";
import { test } from "node:test";
import { countBeats, firstBeatFrom, nextBeat, snapToBeat } from "stemoteca/beats/grid";
import { clickSamples, clicksIn, countIn } from "stemoteca/player/sound/clicks";
import { Timeline } from "stemoteca/player/sound/timeline";

const PERIOD = 20_000;

/**
 * @param {number} count
 * @param {{ first?: number, period?: number, place?: number, perBar?: number }} [options]
 */
function grid(count, { first = 5000, period = PERIOD, place = 0, perBar = 4 } = {}) {
  const frames = Array.from({ length: count }, (_, n) => first + n * period);
  return countBeats(frames, [{ beat: (perBar - place) % perBar, beats_per_bar: perBar }]);
}

/** @param {import("stemoteca/player/sound/clicks").Click[]} clicks */
const times = (clicks) => clicks.map(({ at }) => at);

/** @param {import("stemoteca/player/sound/clicks").Click[]} clicks */
const accents = (clicks) => clicks.map(({ beat }) => beat.place === 0);

/**
 * Find the clicks of what plays from a frame on, block after block, as a run plans them.
 * @param {import("stemoteca/beats/grid").Beat[]} beats
 * @param {{ timeline: Timeline, from: number, speed?: number, size?: number, length: number }} playing
 */
function clicksOf(beats, { timeline, from, speed = 100, size = 16_384, length }) {
  const clicks = [];
  let next = /** @type {number | null} */ (from);
  for (let at = 0; at < length && next !== null; ) {
    const piece = { from: next, to: timeline.end(next) };
    const whole = Math.round((100 * (piece.to - piece.from)) / speed);
    for (let heard = 0; heard < whole; heard += size) {
      const block = { piece, at: at + heard, heard, length: Math.min(size, whole - heard) };
      clicks.push(...clicksIn(block, speed, beats));
    }
    at += whole;
    next = timeline.after(piece.to);
  }
  return clicks;
}

test("beats are counted within their bars, also before the first bar and where bars change", () => {
  const beats = countBeats(
    Array.from({ length: 9 }, (_, n) => n),
    [
      { beat: 1, beats_per_bar: 3 },
      { beat: 4, beats_per_bar: 2 },
    ],
  );
  assert.deepEqual(
    beats.map(({ place, perBar, bar }) => [place, perBar, bar]),
    [
      [2, 3, 0],
      [0, 3, 1],
      [1, 3, 1],
      [2, 3, 1],
      [0, 2, 2],
      [1, 2, 2],
      [0, 2, 3],
      [1, 2, 3],
      [0, 2, 4],
    ],
  );
  assert.deepEqual(countBeats([], []), []);
});

test("the next beat lies behind or before, never where one is", () => {
  const beats = grid(3);
  assert.deepEqual(
    [0, 5000, 5001, 45_000, 45_001].map((frame) => firstBeatFrom(beats, frame)),
    [0, 0, 1, 2, 3],
  );
  assert.equal(nextBeat(beats, 5000, 1), 25_000);
  assert.equal(nextBeat(beats, 25_001, -1), 25_000);
  assert.equal(nextBeat(beats, 5000, -1), null);
  assert.equal(nextBeat(beats, 45_000, 1), null);
});

test("a frame snaps to the nearest beat, or to an end of the song, but not far outside of the beats", () => {
  const beats = grid(3);
  const snapped = [0, 2400, 2600, 14_999, 15_001, 45_001, 54_000, 60_000, 99_000].map((frame) =>
    snapToBeat(beats, frame, 100_000),
  );
  assert.deepEqual(snapped, [0, 0, 5000, 5000, 25_000, 45_000, 45_000, 60_000, 100_000]);
  assert.equal(snapToBeat([], 777, 1000), 777);
  assert.equal(snapToBeat(beats, -30_000, 100_000), -30_000);
});

test("a click sounds as in the mixes of the server", () => {
  for (const [isAccent, hertz, level] of /** @type {[boolean, number, number][]} */ ([
    [true, 1760, 0.6],
    [false, 1320, 0.4],
  ])) {
    const samples = clickSamples(isAccent, 44_100);
    assert.equal(samples.length, 1764);
    for (let n = 0; n < 1300; n += 1) {
      const seconds = n / 44_100;
      const wanted = level * Math.sin(2 * Math.PI * hertz * seconds) * Math.exp(-seconds / 0.008);
      assert.ok(Math.abs((samples[n] ?? 9) - wanted) < 1e-6);
    }
    assert.ok(Math.abs(samples.at(-1) ?? 9) < 1e-5);
  }
});

test("clicks are at the beats, however the blocks are cut", () => {
  const beats = grid(12);
  const whole = { timeline: new Timeline(300_000, 1 << 16), from: 0, length: 300_000 };
  for (const size of [16_384, 1777, 100_000]) {
    const clicks = clicksOf(beats, { ...whole, size });
    assert.deepEqual(
      times(clicks),
      beats.map(({ frame }) => frame),
    );
    assert.deepEqual(accents(clicks), [
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
  }
});

test("clicks follow the speed that is heard", () => {
  const beats = grid(12);
  for (const speed of [50, 80, 137, 150]) {
    const clicks = clicksOf(beats, { timeline: new Timeline(300_000, 1 << 16), from: 0, speed, length: 700_000 });
    assert.equal(clicks.length, 12);
    for (const [index, { at }] of clicks.entries()) {
      assert.ok(Math.abs(at - ((beats[index]?.frame ?? 0) * 100) / speed) <= 0.5);
    }
  }
});

test("a loop between two beats clicks its first one with every pass, and never its end", () => {
  const timeline = new Timeline(300_000, 1 << 16);
  timeline.loop = { from: 25_000, to: 85_000 };
  const clicks = clicksOf(grid(12), { timeline, from: 25_000, length: 150_000 });
  assert.deepEqual(times(clicks), [0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000, 140_000, 160_000]);
  assert.deepEqual(accents(clicks), [false, false, false, false, false, false, false, false, false]);
});

test("a count-in leads into the first beat", () => {
  for (const bars of [1, 2]) {
    for (const speed of [100, 80]) {
      const { lead, clicks } = countIn(grid(12), speed, bars, 0);
      assert.equal(lead, Math.round(((4 * bars * PERIOD - 5000) * 100) / speed));
      assert.equal(clicks.length, 4 * bars);
      assert.equal(clicks[0]?.at, 0);
      assert.deepEqual(accents(clicks).slice(0, 4), [true, false, false, false]);
    }
  }
  assert.deepEqual(countIn(grid(12), 100, 0, 0), { lead: 0, clicks: [] });
  assert.deepEqual(countIn([], 100, 2, 0), { lead: 0, clicks: [] });
});

test("a count-in counts the bar before a pickup, and has the tempo of its place", () => {
  const pickup = countIn(grid(9, { first: 0, place: 3 }), 100, 1, 0);
  assert.equal(pickup.lead, 7 * PERIOD);
  assert.deepEqual(accents(pickup.clicks), [true, false, false, false, true, false, false]);
  const late = countIn(grid(8, { first: 6 * PERIOD + 7000 }), 100, 1, 0);
  assert.equal(late.lead, 6 * PERIOD - 7000);
  assert.deepEqual(accents(late.clicks), [true, false, false, false, true, false]);
  const frames = [...grid(4).map(({ frame }) => frame), ...Array.from({ length: 9 }, (_, n) => 85_000 + 10_000 * n)];
  const faster = countBeats(frames, [
    { beat: 0, beats_per_bar: 4 },
    { beat: 4, beats_per_bar: 3 },
  ]);
  const there = countIn(faster, 50, 1, 85_000);
  assert.deepEqual([there.lead, ...times(there.clicks)], [60_000, 0, 20_000, 40_000]);
  for (const start of [245_000, 260_000]) {
    const { lead } = countIn(grid(12), 100, 1, start);
    assert.equal(Math.abs(lead - (start - 5000)) % PERIOD, 0, "after the last beat");
  }
});
