// The songs that are played next, kept for this tab.

import { readStored, store } from "stemoteca/storage";

export const QUEUE = "stemoteca.queue";

/**
 * @typedef {object} Queued
 * @property {string} track
 * @property {string} title
 * @property {string} artist
 * @property {string} address of its page
 */

/**
 * Read what was stored; what cannot be read is nothing.
 * @param {unknown} stored
 * @returns {Queued[]}
 */
export function queueFrom(stored) {
  if (!Array.isArray(stored)) return [];
  const names = ["track", "title", "artist", "address"];
  return stored.filter((song) => song && names.every((name) => typeof song[name] === "string"));
}

/**
 * Add a song as the next one or as the last one; one that is there already moves.
 * @param {Queued[]} songs
 * @param {Queued} song
 * @param {boolean} isNext
 */
export function withSong(songs, song, isNext) {
  const others = songs.filter(({ track }) => track !== song.track);
  return isNext ? [song, ...others] : [...others, song];
}

/**
 * Move a song up or down by one place.
 * @param {Queued[]} songs
 * @param {string} track
 * @param {1 | -1} step
 */
export function withMoved(songs, track, step) {
  const from = songs.findIndex((song) => song.track === track);
  const song = songs[from];
  const to = from + step;
  return song && songs[to] ? songs.toSpliced(from, 1).toSpliced(to, 0, song) : songs;
}

/** Event: "change". */
export class Queue extends EventTarget {
  songs = queueFrom(readStored(QUEUE, "sessionStorage"));

  /**
   * @param {Queued} song
   * @param {boolean} isNext
   */
  add(song, isNext) {
    this.#set(withSong(this.songs, song, isNext));
  }

  /** @param {string} track */
  remove(track) {
    this.#set(this.songs.filter((song) => song.track !== track));
  }

  /**
   * @param {string} track
   * @param {1 | -1} step
   */
  move(track, step) {
    this.#set(withMoved(this.songs, track, step));
  }

  /** Take the first song out; undefined where there is none. */
  shift() {
    const [first, ...others] = this.songs;
    this.#set(others);
    return first;
  }

  /**
   * Store the queue for the document that follows, led by the song that this one ends. This one may come back, and keeps
   * its own.
   * @param {Queued} song
   */
  leave(song) {
    store(QUEUE, withSong(this.songs, song, true), "sessionStorage");
  }

  clear() {
    this.#set([]);
  }

  /** @param {Queued[]} songs */
  #set(songs) {
    this.songs = songs;
    store(QUEUE, songs, "sessionStorage");
    this.dispatchEvent(new Event("change"));
  }
}
