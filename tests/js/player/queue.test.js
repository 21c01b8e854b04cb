import assert from "node:assert/strict";
import { test } from "node:test";
import { queueFrom, withMoved, withSong } from "stemoteca/mini_player/queue";

/** @param {string} track */
const song = (track) => ({ track, title: track.toUpperCase(), artist: "Coro", address: `/tracks/${track}/` });
const SONGS = ["a", "b", "c"].map(song);

/** @param {{ track: string }[]} songs */
const names = (songs) => songs.map(({ track }) => track).join("");

test("a song is played next, or last, and once", () => {
  assert.equal(names(withSong(SONGS, song("d"), false)), "abcd");
  assert.equal(names(withSong(SONGS, song("d"), true)), "dabc");
  assert.equal(names(withSong(SONGS, song("c"), true)), "cab");
  assert.equal(names(withSong(SONGS, song("a"), false)), "bca");
});

test("songs move by one place, but not beyond the ends", () => {
  assert.equal(names(withMoved(SONGS, "b", -1)), "bac");
  assert.equal(names(withMoved(SONGS, "b", 1)), "acb");
  assert.equal(names(withMoved(SONGS, "a", -1)), "abc");
  assert.equal(names(withMoved(SONGS, "c", 1)), "abc");
  assert.equal(names(withMoved(SONGS, "gone", 1)), "abc");
});

test("what was stored by something else is nothing", () => {
  assert.deepEqual(queueFrom(SONGS), SONGS);
  assert.deepEqual(queueFrom([...SONGS, { track: "d" }, null, 3]), SONGS);
  for (const stored of [null, undefined, {}, "abc"]) assert.deepEqual(queueFrom(stored), []);
});
