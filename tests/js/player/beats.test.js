import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestBeat, tempoOf } from "stemoteca/beats/tempo";

test("the tempo of taps is that of their median distance", () => {
  assert.equal(tempoOf([1, 1.5]), null);
  assert.equal(tempoOf([1, 1.5, 2, 2.5]), 120);
  assert.equal(tempoOf([1, 1.5, 2, 3, 3.5, 4]), 120);
  assert.equal(tempoOf([1, 1, 1]), null);
});

test("the nearest beat is found by its time", () => {
  const beats = [0.5, 1, 1.5, 2];
  assert.equal(nearestBeat(beats, 0), 0);
  assert.equal(nearestBeat(beats, 1.26), 2);
  assert.equal(nearestBeat(beats, 99), 3);
  assert.equal(nearestBeat([], 1), -1);
});
