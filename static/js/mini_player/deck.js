// The song that was started last. It stands on its page; when that is left, its player goes on without one, taken out of
// the document with its sound, its settings and all it has loaded, and comes back with its page.

import { startPlayer } from "stemoteca/player/player";

/** @typedef {import("stemoteca/player/player").Player} Player */
/** @typedef {import("stemoteca/player/player").Recording} Recording */

/**
 * @typedef {object} Song
 * @property {HTMLElement} root of the player
 * @property {Player} player
 * @property {Element | null} cover
 */

/** Events: "change", with whatever it does; "ended" when the song has come to its end, "failed" when it cannot go on. */
export class Deck extends EventTarget {
  /** @type {Song | null} */
  song = null;

  /** Whether its page was left. */
  get isDocked() {
    return this.song !== null && !this.song.root.isConnected;
  }

  get isPlaying() {
    return this.song !== null && this.song.player.engine.state !== "stopped";
  }

  /**
   * Bring the player of a song's page to life, or put the one that lives in its place.
   * @param {HTMLElement} root
   * @param {Recording} recording
   * @param {Element | null} cover
   * @param {AbortSignal} signal is aborted when the page is left
   */
  place(root, recording, cover, signal) {
    const song = this.#takeBack(root, recording) ?? this.start(root, recording, cover);
    signal.addEventListener("abort", () => this.#leave(song));
    return song.player;
  }

  /**
   * Bring a player to life; when it is started, it is the song.
   * @param {HTMLElement} root
   * @param {Recording} recording
   * @param {Element | null} cover
   * @param {URL} [address] of its page, where that is not the one that is shown
   */
  start(root, recording, cover, address) {
    const picture = cover instanceof HTMLImageElement ? cover.src : null;
    const player = startPlayer(root, recording, { address, cover: picture });
    /** @type {Song} */
    const song = { root, player, cover };
    player.closed.addEventListener("abort", () => {
      if (song !== this.song) return;
      this.song = null;
      this.#changed();
    });
    player.engine.addEventListener("state", (event) => {
      if (player.closed.aborted) return;
      if (player.engine.state !== "stopped") this.take(song);
      if (song !== this.song) return;
      this.#changed();
      const reason = event instanceof CustomEvent && player.engine.state === "stopped" ? event.detail : null;
      if (reason) this.dispatchEvent(new CustomEvent(reason === "ended" ? "ended" : "failed", { detail: reason }));
    });
    return song;
  }

  /** Play, or pause. */
  toggle() {
    this.song?.player.toggle();
  }

  /** End the song. On its page its player stays. */
  close() {
    if (this.isDocked) this.song?.player.close();
    else this.song?.player.engine.pause();
    this.song = null;
    this.#changed();
  }

  /**
   * Have a song take the place of the one before.
   * @param {Song} song
   */
  take(song) {
    const before = this.song;
    if (before === song) return;
    this.song = song;
    if (before && !before.root.isConnected) before.player.close();
    else before?.player.engine.pause();
    this.#changed();
  }

  /**
   * Put the player that lives in place of another one for the same separation.
   * @param {HTMLElement} root
   * @param {Recording} recording
   */
  #takeBack(root, recording) {
    const { song } = this;
    if (!song || !this.isDocked || song.root.dataset.separation !== root.dataset.separation) return null;
    song.root.dataset.state = root.dataset.state;
    root.replaceWith(song.root);
    song.player.grow(recording.ready ?? Infinity);
    song.player.show();
    this.#changed();
    return song;
  }

  /** @param {Song} song whose page is left */
  #leave(song) {
    if (song !== this.song) {
      song.player.close();
      return;
    }
    song.root.remove();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** That of this document. */
export const deck = new Deck();
