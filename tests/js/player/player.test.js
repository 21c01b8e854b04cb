import assert from "node:assert/strict";
import { test } from "node:test";
import { shortcutOf } from "stemoteca/player/controls/keyboard";
import { loopFrom, startFrom } from "stemoteca/player/controls/loop";
import { settingsFrom } from "stemoteca/player/controls/metronome";
import { beatMarks, markStep } from "stemoteca/player/controls/ruler";
import { nextSpeed } from "stemoteca/player/controls/speed_trainer";
import { mixQuery } from "stemoteca/player/mixdown";
import { chooseCodec } from "stemoteca/player/sound/codecs";
import { decibels, levelFrom, loudness } from "stemoteca/player/sound/levels";
import { segmentAddress } from "stemoteca/player/sound/segments";
import { Timeline } from "stemoteca/player/sound/timeline";
import { View } from "stemoteca/player/view";
import { barHeights } from "stemoteca/player/waveform";

/**
 * @param {string} name
 * @param {object} [level]
 */
const lane = (name, level = {}) => ({ name, ...levelFrom(level) });

test("playing stops at the end of the loop, or of the song", () => {
  const timeline = new Timeline(2500, 1000);
  assert.equal(timeline.end(0), 2500);
  timeline.loop = { from: 300, to: 1700 };
  assert.equal(timeline.end(1200), 1700);
  assert.equal(timeline.end(1800), 2500, "behind the loop it plays on");
  assert.deepEqual(timeline.segments(-500, 1000), [0]);
  assert.deepEqual(timeline.segments(999, 9000), [0, 1, 2]);
});

test("playing goes on at the loop's start, or nowhere at the end of the song", () => {
  const timeline = new Timeline(2500, 1000);
  assert.equal(timeline.after(1000), 1000);
  assert.equal(timeline.after(2500), null);
  timeline.loop = { from: 300, to: 2500 };
  assert.equal(timeline.after(2500), 300);
});

test("what has come beyond the loop's end goes on in the loop, unless somebody has gone there", () => {
  const timeline = new Timeline(5000, 1000);
  assert.equal(timeline.within(2100), 2100);
  timeline.loop = { from: 1000, to: 2000 };
  timeline.chosen = 1900;
  assert.deepEqual(
    [1999, 2000, 2100, 4300].map((frame) => timeline.within(frame)),
    [1999, 1000, 1100, 1300],
  );
  timeline.chosen = 2050;
  assert.equal(timeline.within(2100), 2100);
  assert.equal(timeline.within(2000), 1000, "when it has begun at the song's beginning since");
});

test("segments are wanted in the order in which they are heard, and only those that are made", () => {
  const timeline = new Timeline(5000, 1000);
  assert.deepEqual(timeline.wanted(0), [0, 1]);
  assert.deepEqual(timeline.wanted(4999), [4]);
  timeline.loop = { from: 500, to: 2500 };
  assert.deepEqual(timeline.wanted(2000), [2, 0, 1]);
  timeline.available = 1;
  assert.deepEqual(timeline.wanted(900), [0]);
  assert.equal(timeline.has(1000), false);
});

test("a pass of the loop ends where the next one begins, not with a jump behind the loop", () => {
  const timeline = new Timeline(5000, 1000);
  assert.equal(timeline.isPass(1900, 1050), false);
  timeline.loop = { from: 1000, to: 2000 };
  assert.equal(timeline.isPass(1900, 1050), true);
  assert.equal(timeline.isPass(1050, 1900), false);
  assert.equal(timeline.isPass(1100, 1050), false);
  assert.equal(timeline.isPass(3000, 1050), false);
});

test("what the first block reads is needed before anything is heard, up to the end of the loop", () => {
  const timeline = new Timeline(5000, 1000, 1000, 600);
  assert.deepEqual(timeline.needed(300), [0]);
  assert.deepEqual(timeline.needed(700), [0, 1]);
  assert.deepEqual(timeline.needed(4900), [4]);
  timeline.available = 1;
  assert.equal(timeline.has(300), true);
  assert.equal(timeline.has(700), false);
  timeline.loop = { from: 500, to: 900 };
  assert.deepEqual(timeline.needed(700), [0]);
});

test("short segments are fetched as far ahead as long ones", () => {
  const timeline = new Timeline(5000, 250, 1000);
  assert.deepEqual(timeline.wanted(600), [2, 3, 4, 5, 6]);
});

test("the codec suits the person, or else the line", () => {
  const [flac, opus] = [
    { name: "flac", segment: 4, rate: 1 },
    { name: "opus", segment: 1, rate: 1 },
  ];
  const fast = { effectiveType: "4g", downlink: 10 };
  assert.equal(chooseCodec([flac, opus], "auto", fast), flac);
  for (const slow of [
    undefined,
    {},
    { ...fast, saveData: true },
    { ...fast, downlink: 2 },
    { ...fast, type: "cellular" },
  ]) {
    assert.equal(chooseCodec([flac, opus], "auto", slow), opus);
  }
  assert.equal(chooseCodec([flac, opus], "small", fast), opus);
  assert.equal(chooseCodec([flac, opus], "lossless", { saveData: true }), flac);
  assert.equal(chooseCodec([flac], "small", undefined), flac, "while the song is still being separated");
});

test("the address of a segment is that of the first with its number", () => {
  assert.equal(segmentAddress("/api/v1/stems/a0/segments/0/", 12), "/api/v1/stems/a0/segments/12/");
  assert.equal(segmentAddress("/stems/a0/segments/0/", 3, "opus"), "/stems/a0/segments/3/?codec=opus");
});

test("mute silences a lane, solo all others, and a muted lane stays silent alone", () => {
  const [vocals, bass] = [lane("vocals", { muted: true }), lane("bass", { volume: 50 })];
  assert.deepEqual([loudness(vocals, [vocals, bass]), loudness(bass, [vocals, bass])], [0, 0.25]);
  vocals.alone = true;
  assert.deepEqual([loudness(vocals, [vocals, bass]), loudness(bass, [vocals, bass])], [0, 0]);
});

test("above 100 percent a lane is as many times as loud, up to the double", () => {
  const loud = lane("bass", { volume: 200 });
  assert.equal(loudness(loud, [loud]), 2);
  assert.equal(String(mixQuery([loud], {})), "bass=2");
});

test("levels are said in decibels", () => {
  assert.deepEqual([1, 0.5, 2, 0].map(decibels), ["0 dB", "−6 dB", "6 dB", "−∞ dB"]);
});

test("what was remembered is taken only where it makes sense", () => {
  const fresh = { muted: false, alone: false, volume: 100, pan: 0 };
  for (const stored of [undefined, null, "x", 7, [], { volume: "80" }, { volume: NaN, muted: 1 }]) {
    assert.deepEqual(levelFrom(stored), fresh);
  }
  assert.equal(levelFrom({ volume: 400 }).volume, 200);
  assert.equal(levelFrom({ pan: -140 }).pan, -100);
  assert.equal(levelFrom({ volume: -3 }).volume, 0);
});

test("a mix names only what differs from the song", () => {
  const lanes = [lane("vocals", { muted: true }), lane("bass", { volume: 70 }), lane("other")];
  assert.equal(String(mixQuery(lanes, {})), "vocals=0&bass=0.49");
  assert.equal(String(mixQuery([lane("vocals")], { tempo: 0.8, semitones: -2 })), "tempo=0.8&semitones=-2");
  assert.equal(String(mixQuery([lane("vocals")], { tempo: 1, cents: 0, from: 0 })), "");
  assert.equal(String(mixQuery([], { click: 0.25, countin: 2 })), "click=0.25&countin=2");
  assert.equal(String(mixQuery([], { click: 0, countin: 0 })), "");
  assert.equal(String(mixQuery([], { cents: -15, from: 65.5, to: 80.25 })), "cents=-15&from=65.5&to=80.25");
});

test("each bar is as high as the highest of its peaks", () => {
  assert.deepEqual(barHeights([1, 9, 2, 3], 4, 2), [9, 3]);
  assert.deepEqual(barHeights([5, 6], 4, 4), [5, 6, 0, 0], "the rest of the song is not made yet");
  assert.deepEqual(barHeights([1, 9, 2, 3, 4, 5], 2, 2, 3), [3, 4], "a part of the song");
  assert.deepEqual(barHeights([7], 1, 3), [7, 7, 7], "a short song on a wide page");
});

test("times on the ruler keep their distance", () => {
  assert.equal(markStep(100), 5);
  assert.equal(markStep(1120 / 180), 15);
  assert.equal(markStep(0.001), 3600);
  assert.equal(markStep(100, [1, 2, 5]), 1);
});

test("a loop comes from the address, where it makes sense", () => {
  /** @param {string} query */
  const loop = (query) => loopFrom(new URLSearchParams(query), 1000, 30_000);
  assert.deepEqual(loop("from=12.5&to=20.25"), { from: 12_500, to: 20_250 });
  assert.deepEqual(loop("from=0&to=99"), { from: 0, to: 30_000 });
  assert.deepEqual(loop("to=9.5"), { from: 0, to: 9500 }, "the end alone: from the beginning on");
  for (const query of [
    "",
    "from=5",
    "to=",
    "from=&to=5",
    "from=5&to=5",
    "from=-1&to=5",
    "from=x&to=5",
    "from=40&to=50",
  ]) {
    assert.equal(loop(query), null, query);
  }
});

test("a beginning alone in the address is where it begins", () => {
  /** @param {string} query */
  const start = (query) => startFrom(new URLSearchParams(query), 1000, 30_000);
  assert.equal(start("from=12.34567"), 12_346);
  for (const query of ["", "from=", "from=x", "from=-1", "from=30", "from=3&to=x"])
    assert.equal(start(query), null, query);
});

test("what was remembered of the metronome is taken only where it makes sense", () => {
  const fresh = { volume: 100, bars: 0, snaps: true };
  for (const stored of [null, "x", [], { volume: "80", bars: "1" }, { bars: 1.5, snaps: 0 }]) {
    assert.deepEqual(settingsFrom(stored), fresh);
  }
  assert.deepEqual(settingsFrom({ volume: 900, bars: 9, snaps: false }), { volume: 200, bars: 2, snaps: false });
});

test("beats are drawn where there is room, else bars, else none", () => {
  const beats = Array.from({ length: 8 }, (_, n) => ({ frame: 10 * n, place: n % 4, perBar: 4, bar: 1 }));
  /** @param {number} width */
  const drawn = (width) => beatMarks(beats, 10, 70, width).map(({ frame }) => frame);
  assert.deepEqual(drawn(100), [10, 20, 30, 40, 50, 60, 70]);
  assert.deepEqual(drawn(20), [40]);
  assert.deepEqual(drawn(4), []);
});

test("the view keeps a frame where it is while it is zoomed, within the song and its limit", () => {
  const view = new View(80_000, 1000);
  assert.deepEqual([view.length, view.share(20_000), view.frameAt(0.5)], [80_000, 0.25, 40_000]);
  view.setZoom(4, 20_000);
  assert.deepEqual([view.from, view.share(20_000)], [15_000, 0.25]);
  assert.deepEqual([view.frameAt(-1), view.frameAt(0.5), view.frameAt(2)], [15_000, 25_000, 35_000]);
  assert.deepEqual([view.shareWithin(0), view.shareWithin(99_000)], [0, 1]);
  view.setZoom(8, 70_000);
  assert.deepEqual([view.from, view.share(70_000)], [65_000, 0.5], "what is out of view comes into the middle");
  view.setZoom(1000, 70_000);
  assert.deepEqual([view.zoom, view.length], [20, 4000]);
  view.scroll(1e9);
  assert.equal(view.from, 76_000);
  view.setZoom(0.1, 0);
  assert.deepEqual([view.zoom, view.from], [1, 0]);
  const short = new View(2000, 1000);
  short.setZoom(2, 0);
  assert.equal(short.zoom, 1, "a song that is no longer is always shown whole");
});

test("the view moves along with what plays, but not after somebody has moved it away", () => {
  const view = new View(80_000, 1000);
  view.setZoom(8, 0);
  view.follow(9000);
  assert.equal(view.from, 0);
  view.follow(10_001);
  assert.equal(view.from, 9001);
  view.scroll(30_000);
  view.follow(12_000);
  assert.equal(view.from, 39_001);
  view.follow(40_000);
  view.follow(50_000);
  assert.equal(view.from, 49_000, "once it is in view again");
  view.scroll(20_000);
  view.reveal(10_000);
  assert.equal(view.from, 9000);
});

test("at its edges the view moves with what is dragged", () => {
  const view = new View(80_000, 1000);
  assert.equal(view.drag(1.4), 80_000);
  view.setZoom(8, 0);
  assert.deepEqual([view.drag(0.5), view.from], [5000, 0]);
  assert.deepEqual([view.drag(0.99), view.from], [9900, 300]);
  assert.deepEqual([view.drag(0), view.from], [300, 0]);
});

test("each pass is faster, up to the goal", () => {
  assert.equal(nextSpeed(70, 5, 100), 75);
  assert.equal(nextSpeed(98, 5, 100), 100);
  assert.equal(nextSpeed(110, 5, 100), 110);
  assert.equal(nextSpeed(70, 50, 100), 80);
});

test("letters count by what they write, digits by where they are", () => {
  assert.equal(shortcutOf("KeyQ", "a"), "a", "on a French keyboard");
  assert.equal(shortcutOf("KeyL", "L"), "l");
  assert.equal(shortcutOf("Digit1", "!"), 1);
  assert.equal(shortcutOf("Numpad9", "9"), 9);
  assert.equal(shortcutOf("Digit0", "0"), "Digit0");
  assert.equal(shortcutOf("Space", " "), "Space");
  assert.equal(shortcutOf("Equal", "="), "+", "on an American keyboard, without Shift");
  assert.equal(shortcutOf("Slash", "-"), "-", "on a Spanish keyboard");
});
