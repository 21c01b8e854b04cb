// Plays the songs of the queue one after another, without their pages.
//
// Events: "change", when another song is opened or none is; "skipped" with a song that cannot be played; "offline".

import { getElement } from "stemoteca/dom";
import { takeMessages } from "stemoteca/messages";
import { recordingIn } from "stemoteca/setlist_player/entries";
import { Loader } from "stemoteca/setlist_player/loader";

/** @typedef {import("stemoteca/mini_player/deck").Deck} Deck */
/** @typedef {import("stemoteca/mini_player/queue").Queue} Queue */
/** @typedef {import("stemoteca/mini_player/queue").Queued} Queued */

const PRELOAD = 3000; // milliseconds that a song has for itself, before the next one is fetched

export class QueuePlayer extends EventTarget {
  /** @type {Queued | null} the song that is being opened */
  opening = null;
  #loader = new Loader();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Deck} deck
   * @param {Queue} queue
   */
  constructor(deck, queue) {
    super();
    this.deck = deck;
    this.queue = queue;
    deck.addEventListener("ended", () => this.next());
    deck.addEventListener("failed", () => deck.isDocked && this.next());
    deck.addEventListener("change", () => {
      if (deck.isPlaying) this.#open(null); // somebody started another song meanwhile
      clearTimeout(this.#timer);
      if (deck.isPlaying)
        this.#timer = setTimeout(() => {
          const [next] = this.queue.songs;
          if (next) this.#loader.preload(entryOf(next));
        }, PRELOAD);
    });
  }

  /** Open the next song that can be played, and play it. */
  async next() {
    this.deck.song?.player.engine.pause();
    for (let song = this.queue.shift(); song; song = this.queue.shift()) {
      this.#open(song);
      const loaded = await this.#loader.load(
        entryOf(song),
        () => this.opening === song,
        () => this.dispatchEvent(new Event("offline")),
      );
      if (!loaded) return;
      if (loaded.html !== null) {
        await this.#begin(song, loaded.html);
        return;
      }
      this.dispatchEvent(new CustomEvent("skipped", { detail: song }));
    }
    this.#open(null);
  }

  /** Open nothing. */
  stop() {
    this.#open(null);
  }

  /** @param {Queued | null} song */
  #open(song) {
    if (this.opening === song) return;
    this.opening = song;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {Queued} queued
   * @param {string} html with its player
   */
  async #begin(queued, html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    takeMessages(page);
    const root = document.adoptNode(getElement(page, ".player", HTMLElement));
    const cover = page.querySelector(".track-header .cover");
    const address = new URL(queued.address, location.href);
    const song = this.deck.start(root, recordingIn(page), cover, address);
    this.deck.take(song);
    this.#open(null);
    await song.player.playUnasked();
  }
}

/** @param {Queued} song */
function entryOf({ track, address }) {
  return { id: track, player: `${address}?fragment=player&words=1`, settings: {} };
}
