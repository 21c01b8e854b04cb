// Plays the songs of the queue one after another, without their pages.
//
// Events: "change", when another song is opened or none is; "skipped" with a song that cannot be played; "offline".

import { NetworkError } from "stemoteca/api";
import { getElement } from "stemoteca/dom";
import { takeMessages } from "stemoteca/messages";
import { fetchBeginning, loadPlayer, recordingIn } from "stemoteca/setlist_player/entries";

/** @typedef {import("stemoteca/mini_player/deck").Deck} Deck */
/** @typedef {import("stemoteca/mini_player/queue").Queue} Queue */
/** @typedef {import("stemoteca/mini_player/queue").Queued} Queued */
/** @typedef {import("stemoteca/setlist_player/entries").Loaded} Loaded */

const RETRY = 3000; // milliseconds after which a line that was gone is tried again
const PRELOAD = 3000; // milliseconds that a song has for itself, before the next one is fetched

export class QueuePlayer extends EventTarget {
  /** @type {Queued | null} the song that is being opened */
  opening = null;
  /** @type {{ track: string, loaded: Promise<Loaded | null> } | null} */
  #preloaded = null;
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
      if (deck.isPlaying) this.#timer = setTimeout(() => this.#preload(), PRELOAD);
    });
  }

  /** Open the next song that can be played, and play it. */
  async next() {
    this.deck.song?.player.engine.pause();
    for (let song = this.queue.shift(); song; song = this.queue.shift()) {
      this.#open(song);
      const loaded = await this.#load(song);
      if (this.opening !== song) return;
      if (loaded?.html) {
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
   * Load the player of a song; where the line is gone, when it is back.
   * @param {Queued} song
   */
  async #load(song) {
    const preloaded = this.#preloaded?.track === song.track ? this.#preloaded.loaded : null;
    this.#preloaded = null;
    let loaded = await preloaded;
    while (!loaded && this.opening === song) {
      try {
        loaded = await loadPlayer(entryOf(song));
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        this.dispatchEvent(new Event("offline"));
        await new Promise((done) => setTimeout(done, RETRY));
      }
    }
    return loaded;
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

  /** Fetch what the next song needs, so that it begins at once. */
  async #preload() {
    const [next] = this.queue.songs;
    if (!next || this.#preloaded?.track === next.track) return;
    const loaded = loadPlayer(entryOf(next)).catch((error) => {
      if (!(error instanceof NetworkError)) throw error;
      return null; // asked for again when its turn comes
    });
    this.#preloaded = { track: next.track, loaded };
    const player = await loaded;
    if (player?.html) await fetchBeginning({ settings: {} }, player.html);
  }
}

/** @param {Queued} song */
function entryOf({ address }) {
  return { player: `${address}?fragment=player&words=1` };
}
