import assert from "node:assert/strict";
import { test } from "node:test";
import { mixQuery } from "stemoteca/player/mixdown";
import { levelFrom, loudness, panOf, StemLevels } from "stemoteca/player/sound/levels";

/**
 * @param {string} name
 * @param {object} [level]
 */
const lane = (name, level = {}) => ({ name, ...levelFrom(level) });

/**
 * Drums with two parts, and vocals.
 * @param {object} [drums]
 * @param {object} [kick]
 * @param {object} [vocals]
 */
function unfoldedLanes(drums = {}, kick = {}, vocals = {}) {
  const parts = [lane("drums-kick", kick), lane("drums-snare")];
  return [{ ...lane("drums", drums), isUnfolded: true, separation: "id", parts }, lane("vocals", vocals)];
}

/** @param {ReturnType<typeof unfoldedLanes>} lanes */
function heard(lanes) {
  const [drums, vocals] = lanes;
  const all = [drums, ...(drums && "parts" in drums ? drums.parts : []), vocals];
  return all.map((each) => each && loudness(each, lanes));
}

test("what an unfolded lane is set to holds for its parts, on top of their own settings", () => {
  assert.deepEqual(heard(unfoldedLanes()), [1, 1, 1, 1]);
  assert.deepEqual(heard(unfoldedLanes({ volume: 50 }, { volume: 200 })), [0.25, 0.5, 0.25, 1]);
  assert.deepEqual(heard(unfoldedLanes({ muted: true })), [0, 0, 0, 1]);
  assert.deepEqual(heard(unfoldedLanes({}, { muted: true })), [1, 0, 1, 1]);
  assert.deepEqual(heard(unfoldedLanes({ alone: true })), [1, 1, 1, 0]);
});

test("a part on solo is heard alone, with what else is on solo", () => {
  assert.deepEqual(heard(unfoldedLanes({}, { alone: true })), [1, 1, 0, 0]);
  assert.deepEqual(heard(unfoldedLanes({}, { alone: true }, { alone: true })), [1, 1, 0, 1]);
  assert.deepEqual(heard(unfoldedLanes({}, {}, { alone: true })), [0, 0, 0, 1]);
});

test("parts of a lane that is folded count for nothing", () => {
  const [drums, vocals] = unfoldedLanes({}, { alone: true });
  const lanes = /** @type {any[]} */ ([{ ...drums, isUnfolded: false }, vocals]);
  assert.equal(loudness(lanes[1], lanes), 1);
});

test("a part moves with the lane that it is a part of, to the edge at most", () => {
  const lanes = unfoldedLanes({ pan: 60 }, { pan: 70 });
  const [drums, vocals] = lanes;
  const parts = drums && "parts" in drums ? drums.parts : [];
  assert.deepEqual(
    [drums, ...parts, vocals].map((each) => each && panOf(each, lanes)),
    [0.6, 1, 0.6, 0],
  );
});

test("parts take the place of their stem when they are there, and give it back", () => {
  const stems = new StemLevels(2);
  const kick = stems.add();
  stems.set(kick, { volume: 1, pan: 0 });
  assert.deepEqual([stems.audible, stems.joining], [[0, 1], []], "nothing of it is fetched yet");
  stems.exchange([kick], [0]);
  assert.deepEqual([stems.audible, stems.joining], [[0, 1], [kick]]);
  assert.equal(
    stems.settle(() => false),
    false,
  );
  assert.deepEqual(stems.audible, [0, 1]);
  assert.equal(
    stems.settle((there) => there.includes(kick)),
    true,
  );
  assert.deepEqual([stems.audible, stems.joining], [[1, kick], []]);
  stems.exchange([0], [kick]);
  stems.exchange([kick], [0]);
  assert.equal(stems.settle(), false, "it was folded and unfolded before anything changed");
  assert.deepEqual(stems.audible, [1, kick]);
});

test("stems that are silent are neither waited for nor fetched", () => {
  const stems = new StemLevels(1);
  const kick = stems.add();
  stems.exchange([kick], [0]);
  assert.deepEqual(stems.joining, []);
  assert.equal(
    stems.settle((there) => there.length === 0),
    true,
  );
  assert.deepEqual(stems.audible, []);
});

test("a mix names the parts of an unfolded lane, and what they come from", () => {
  const mix = (/** @type {Parameters<typeof unfoldedLanes>} */ ...levels) =>
    `${mixQuery(unfoldedLanes(...levels), {})}`;
  assert.equal(mix(), "unfolded=id");
  assert.equal(mix({ volume: 50 }, { muted: true }), "drums=0.25&drums-kick=0&unfolded=id");
  assert.equal(mix({ pan: -20 }, { pan: 50 }), "drums_pan=-0.2&drums-kick_pan=0.5&unfolded=id");
  assert.equal(mix({ muted: true }, { volume: 50 }), "drums=0", "nothing of it is heard");
  assert.equal(mix({}, { alone: true }), "drums-snare=0&vocals=0&unfolded=id");
});
