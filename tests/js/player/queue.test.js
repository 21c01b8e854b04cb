import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue, queueFrom, withMoved, withSong } from "stemoteca/mini_player/queue";

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

test("a song that ends with its document leads the queue of the next one, once", () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    value: {
      getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ text) => kept.set(key, text),
    },
  });
  const queue = new Queue();
  for (const each of SONGS) queue.add(each, false);
  queue.leave(song("d"));
  assert.equal(names(new Queue().songs), "dabc");
  queue.leave(song("b"));
  assert.equal(names(new Queue().songs), "bac");
  assert.equal(names(queue.songs), "abc");
});
