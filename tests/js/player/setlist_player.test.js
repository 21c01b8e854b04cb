import assert from "node:assert/strict";
import { test } from "node:test";
import { readMix, writeMix } from "stemoteca/player/mix_address";
import { clickSettings, clicksOf, levelsOf, settingsOf, writeSettings } from "stemoteca/player/playback_settings";
import { gainOf, levelFrom, sliderOf } from "stemoteca/player/sound/levels";
import { UNSTRETCHED } from "stemoteca/player/sound/stretch";
import { allFrom, neighbour, Order, shuffled } from "stemoteca/setlist_player/order";

const SONGS = ["a", "b", "c", "d"];

test("the next song follows in the list, and after the last one none or the first", () => {
  assert.equal(neighbour(SONGS, "b", 1, false), "c");
  assert.equal(neighbour(SONGS, "d", 1, false), null);
  assert.equal(neighbour(SONGS, "d", 1, true), "a");
  assert.equal(neighbour(SONGS, "a", -1, false), null);
  assert.equal(neighbour(SONGS, "a", -1, true), "d");
  assert.equal(neighbour(SONGS, "gone", 1, false), "a");
  assert.equal(neighbour([], null, 1, true), null);
});

test("songs that cannot be played are passed over in the direction in which one goes", () => {
  assert.deepEqual(allFrom(SONGS, "b", 1, false), ["b", "c", "d"]);
  assert.deepEqual(allFrom(SONGS, "b", -1, false), ["b", "a"]);
  assert.deepEqual(allFrom(SONGS, "c", 1, true), ["c", "d", "a", "b"], "each once, however often it is repeated");
  assert.deepEqual(allFrom(SONGS, "b", -1, true), ["b", "a", "d", "c"]);
  assert.deepEqual(SONGS, ["a", "b", "c", "d"]);
});

test("shuffled songs are the same ones, beginning with the one that plays", () => {
  const numbers = [0.9, 0.1, 0.5];
  const order = shuffled(SONGS, "c", () => numbers.shift() ?? 0);
  assert.equal(order[0], "c");
  assert.deepEqual(order.toSorted(), SONGS);
  assert.deepEqual(shuffled(SONGS, null, () => 0).toSorted(), SONGS);
  assert.notDeepEqual(
    shuffled(SONGS, null, () => 0),
    SONGS,
  );
});

test("after a song that was removed while it plays comes the one that followed it", () => {
  const order = new Order();
  order.arrange(SONGS, null, false);
  assert.deepEqual(order.after("b", 1, false), ["c", "d"]);
  assert.equal(order.place("b"), 2);
  order.arrange(["a", "c", "d"], "b", false);
  assert.deepEqual(order.after("b", 1, false), ["c", "d"]);
  assert.deepEqual(order.after("b", -1, false), ["a"]);
  assert.equal(order.place("b"), 0);
  order.arrange(["d"], "b", false);
  assert.deepEqual(order.after("b", 1, false), ["d"], "the next one was removed as well");
  assert.deepEqual(order.after("d", 1, false), []);
});

test("the same songs stay shuffled as they are, unless they are shuffled anew", () => {
  const order = new Order();
  order.arrange(SONGS, "c", true);
  const { ids } = order;
  assert.equal(ids[0], "c");
  order.arrange(SONGS, "d", true);
  assert.equal(order.ids, ids);
  order.arrange(SONGS, "d", true, true);
  assert.equal(order.ids[0], "d");
  order.arrange(["a", "b"], "d", true);
  assert.deepEqual(order.ids.toSorted(), ["a", "b"], "without the one that is gone");
});

const LANES = [
  { name: "vocals", ...levelFrom({ muted: true }) },
  { name: "drums", ...levelFrom({ volume: 70, pan: -25 }) },
  { name: "bass", ...levelFrom({ alone: true, volume: 150 }) },
  { name: "other", ...levelFrom(null) },
];

test("settings hold what differs from the song, and give the same lanes back", () => {
  assert.deepEqual(settingsOf(UNSTRETCHED, null, 44_100, [{ name: "vocals", ...levelFrom(null) }]), {});
  const loop = { from: 44_100, to: 110_250 };
  const settings = settingsOf({ speed: 80, semitones: -2, cents: 0 }, loop, 44_100, LANES);
  assert.deepEqual(settings, {
    speed: 0.8,
    semitones: -2,
    from: 1,
    to: 2.5,
    stems: {
      vocals: { muted: true },
      drums: { volume: gainOf(70), pan: -0.25 },
      bass: { solo: true, volume: 1.5 },
    },
  });
  const levels = levelsOf(settings);
  for (const { name, ...level } of LANES) assert.deepEqual(levels[name] ?? levelFrom(null), level);
  assert.deepEqual(levelsOf({}), {});
});

test("each position of a slider has a gain of its own", () => {
  for (let slider = 0; slider <= 200; slider += 1) assert.equal(sliderOf(gainOf(slider)), slider);
});

test("the address says the mix, and gives the same lanes back", () => {
  const query = new URLSearchParams("speed=80");
  writeMix(query, LANES);
  assert.equal(String(query), "speed=80&mix=vocals.m+drums.v70.p-25+bass.s.v150");
  const levels = readMix(query) ?? {};
  for (const { name, ...level } of LANES) assert.deepEqual(levels[name] ?? levelFrom(null), level);
  writeMix(query, [{ name: "vocals", ...levelFrom(null) }]);
  assert.equal(String(query), "speed=80");
  assert.equal(readMix(query), null);
  const odd = readMix(new URLSearchParams("mix=bass.v9e9.pNaN.x..+.m+"));
  assert.deepEqual(odd?.bass, levelFrom({ volume: 200 }), "what makes no sense is as in the song");
});

test("the address of a player has speed, key, loop and mix of the settings, and nothing of the song before", () => {
  const query = new URLSearchParams("entry=1&speed=50&key=3&from=1&to=2");
  const stems = { vocals: { muted: true } };
  writeSettings(query, { speed: 0.8, semitones: -1.5, cents: 10, from: 12.5, to: 20, stems });
  assert.equal(String(query), "entry=1&speed=80&key=-1.4&from=12.5&to=20&mix=vocals.m");
  writeSettings(query, {});
  assert.equal(String(query), "entry=1");
});

test("metronome and count-in are kept as a gain and bars, and begin as they were kept", () => {
  assert.deepEqual(clickSettings({ isOn: false, volume: 80, bars: 0 }), {});
  const kept = clickSettings({ isOn: true, volume: 80, bars: 2 });
  assert.deepEqual(kept, { click: 0.8 ** 2, countin: 2 });
  assert.deepEqual(clicksOf(kept), { isOn: true, volume: 80, bars: 2 });
  assert.deepEqual(clicksOf({}), { isOn: false, bars: 0 }, "the volume stays as it is");
});
