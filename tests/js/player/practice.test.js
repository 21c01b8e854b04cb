import assert from "node:assert/strict";
import { test } from "node:test";
import { modeOf, withMode } from "stemoteca/player/controls/my_part";
import { describeLoop, inOrder, stretchOf } from "stemoteca/player/controls/saved_loops";
import { nextSpeed, trainerText } from "stemoteca/player/controls/speed_trainer";
import { mixQuery } from "stemoteca/player/mixdown";
import { levelsOf, settingsOf } from "stemoteca/player/playback_settings";
import { isUnsaved, mergeSettings } from "stemoteca/player/preset";
import { levelFrom } from "stemoteca/player/sound/levels";

/**
 * @param {string} name
 * @param {object} [level]
 */
const lane = (name, level = {}) => ({ name, ...levelFrom(level) });

const SONG = { speed: 100, semitones: 0, cents: 0 };
const BAND = [lane("vocals", { volume: 80 }), lane("drums", { muted: true }), lane("bass", { pan: -20 })];

test("each way to hear one's part is recognised in what it makes", () => {
  for (const mode of /** @type {const} */ (["only", "louder", "without"])) {
    const levels = withMode(BAND, "bass", mode);
    assert.equal(modeOf(levels, "bass"), mode);
    assert.deepEqual(
      levels.map(({ pan }) => pan),
      [0, 0, -20],
    );
  }
  assert.equal(modeOf(BAND, "bass"), null);
  assert.equal(modeOf(BAND, "piano"), null);
});

test("one's part alone, and without it, leave the volumes as they are", () => {
  const only = withMode(BAND, "bass", "only");
  assert.deepEqual(
    only.map(({ alone, volume }) => [alone, volume]),
    [
      [false, 80],
      [false, 100],
      [true, 100],
    ],
  );
  assert.deepEqual(withMode(only, "bass", null), BAND);
  assert.deepEqual(withMode(withMode(only, "bass", "without"), "bass", null), BAND);
});

test("one's part is louder as the others are softer, and they get their volumes back", () => {
  const louder = withMode(BAND, "bass", "louder");
  assert.deepEqual(
    louder.map(({ volume }) => volume),
    [50, 50, 100],
  );
  assert.deepEqual(withMode(louder, "bass", null, { vocals: 80, drums: 100, bass: 100 }), BAND);
  assert.deepEqual(
    withMode(louder, "bass", "only").map(({ volume }) => volume),
    [100, 100, 100],
    "when the page was loaded again meanwhile",
  );
});

test("a way to hear one's part is recognised also where somebody has made it by hand", () => {
  assert.equal(modeOf([lane("vocals"), lane("bass", { muted: true })], "bass"), "without");
  assert.equal(modeOf([lane("vocals"), lane("bass", { alone: true })], "bass"), "only");
  assert.equal(modeOf([lane("vocals", { alone: true }), lane("bass", { alone: true })], "bass"), null);
  assert.equal(modeOf([lane("vocals"), lane("bass", { alone: true, muted: true })], "bass"), null);
  assert.equal(modeOf([lane("vocals", { volume: 90 }), lane("bass")], "bass"), null);
});

test("a loop is described by its ends, and by speed and key where they are others", () => {
  const loop = { name: "Solo", from: 12.04, to: 80.5, speed: 1, semitones: 0, cents: 0 };
  assert.equal(describeLoop(loop), "0:12–1:20.5");
  assert.equal(describeLoop({ ...loop, speed: 0.75, semitones: -2, cents: 15 }), "0:12–1:20.5 · 75 % · −1.85");
  assert.equal(describeLoop({ ...loop, speed: null, semitones: null, cents: null }), "0:12–1:20.5");
});

test("loops are in the order of the song, and leave alone what they do not say", () => {
  const loop = { name: "", from: 5, to: 9, speed: 0.8, semitones: 0, cents: 0 };
  const [a, b, c] = [
    { ...loop, id: "a" },
    { ...loop, id: "b", to: 7 },
    { ...loop, id: "c", from: 1 },
  ];
  assert.deepEqual(inOrder([a, b, c]), [c, b, a]);
  assert.deepEqual(stretchOf(loop), { speed: 80, semitones: 0, cents: 0 });
  assert.deepEqual(stretchOf({ ...loop, speed: null, cents: null }), { semitones: 0 });
});

test("settings of a song come back as they were, and nothing is kept of a song as it is", () => {
  const settings = settingsOf({ ...SONG, speed: 75, cents: -10 }, null, 44_100, BAND);
  const stems = { vocals: { volume: 0.8 ** 2 }, drums: { muted: true }, bass: { pan: -0.2 } };
  assert.deepEqual(settings, { speed: 0.75, cents: -10, stems });
  const levels = levelsOf(settings);
  assert.deepEqual(
    BAND.map(({ name }) => ({ name, ...(levels[name] ?? levelFrom(null)) })),
    BAND,
  );
  assert.deepEqual(settingsOf(SONG, null, 44_100, [lane("vocals")]), {});
});

test("settings that this player does not make, or this separation does not have, are kept", () => {
  const kept = { click: 0.5, speed: 0.8, stems: { piano: { muted: true }, bass: { muted: true } } };
  assert.deepEqual(mergeSettings(kept, {}, ["vocals", "bass"]), { click: 0.5, stems: { piano: { muted: true } } });
  const now = { semitones: 1, stems: { bass: { pan: 1 } } };
  assert.deepEqual(mergeSettings(kept, now, ["vocals", "bass"]), {
    click: 0.5,
    semitones: 1,
    stems: { piano: { muted: true }, bass: { pan: 1 } },
  });
  assert.deepEqual(mergeSettings({ speed: 0.8 }, {}, ["bass"]), {});
});

test("levels that may not have been saved go before those of the server", () => {
  assert.equal(isUnsaved(true, 50_000), true);
  assert.equal(isUnsaved(45_000, 50_000), true, "sent by a page that was going away");
  for (const stored of [null, false, 1000, "x"]) assert.equal(isUnsaved(stored, 50_000), false);
});

test("a mix has the pan of what is heard", () => {
  const lanes = [lane("vocals", { muted: true, pan: 100 }), lane("bass", { pan: -40 }), lane("other")];
  assert.equal(String(mixQuery(lanes, {})), "vocals=0&bass_pan=-0.4");
});

test("the trainer says why it does nothing", () => {
  assert.equal(nextSpeed(60, 5, 50), 60);
  assert.equal(trainerText(60, null, 50, true), "trainerGoalTooLow");
  assert.equal(trainerText(60, null, 100, false), "trainerNeedsLoop");
  assert.equal(trainerText(60, null, 100, true), "trainerRuns");
  assert.equal(trainerText(100, 60, 100, true), "trainerDone");
});
