// The bar at the bottom of each page while a song plays whose page was left, and the queue. It stays when another page
// comes (navigation/router.js).

import { findElement, getElement } from "stemoteca/dom";
import { formatTime, interpolate } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { deck } from "stemoteca/mini_player/deck";
import { Queue } from "stemoteca/mini_player/queue";
import { offerQueue } from "stemoteca/mini_player/queue_dialog";
import { QueuePlayer } from "stemoteca/mini_player/queue_player";
import { onEachPage } from "stemoteca/navigation/pages";
import { Router } from "stemoteca/navigation/router";
import { listenToKeyboard } from "stemoteca/player/controls/keyboard";

/** @typedef {import("stemoteca/mini_player/deck").Song} Song */

const TICK = 250; // milliseconds
const WARNED = 10_000; // milliseconds that a warning stays

class MiniPlayer {
  /** @type {Song | null} */
  #shown = null;
  #isHeld = false; // the position, by a pointer or a key
  #said = ""; // what went wrong
  #isWarning = false; // that the page stays, as the server cannot be reached
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #warned;
  queue = new Queue();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.status = getElement(document, "[data-mini-status]", HTMLElement);
    this.song = this.#element("[data-mini-song]");
    this.link = getElement(root, "[data-mini-link]", HTMLAnchorElement);
    this.nextText = this.#element("[data-mini-next]");
    this.position = getElement(root, "[data-mini-position]", HTMLInputElement);
    this.play = this.#button("play", () => this.toggle());
    this.next = this.#button("next", () => this.player.next());
    this.close = this.#button("close", () => this.#close());
    const dialog = getElement(root, "dialog", HTMLDialogElement);
    this.#button("queue", () => dialog.showModal());
    offerQueue(dialog, this.queue);
    this.player = new QueuePlayer(deck, this.queue);
    this.position.addEventListener("input", () => {
      this.#isHeld = true;
      this.#showPosition();
    });
    this.position.addEventListener("change", () => {
      this.#isHeld = false;
      const { player } = deck.song ?? {};
      player?.seek(Number(this.position.value) * player.engine.recording.rate);
      this.#showPosition();
    });
    listenToKeyboard({ Space: () => this.toggle() }, null, undefined, () => this.#isAlone);
    for (const source of [deck, this.queue, this.player]) source.addEventListener("change", () => this.show());
    onEachPage(() => this.#endWarning());
    addEventListener("pagehide", () => this.#leave());
    this.player.addEventListener("skipped", (event) => {
      if (event instanceof CustomEvent) this.#sayWrong("skipped", event.detail.title);
    });
    deck.addEventListener("failed", () => {
      if (deck.isDocked) this.#sayWrong("skipped", deck.song?.root.dataset.title);
    });
    this.player.addEventListener("offline", () => this.#sayWrong("offline"));
    setInterval(() => this.#showPosition(), TICK);
    const router = new Router(() => deck.song !== null, this.status);
    router.addEventListener("unreachable", () => this.#warn());
  }

  /** Whether no song's page is shown, which has a player of its own. */
  get #isAlone() {
    return deck.isDocked && document.querySelector("main .player") === null;
  }

  /** Play, or pause; the next song where there is none. */
  toggle() {
    if (deck.isDocked) deck.toggle();
    else this.player.next();
  }

  /**
   * Add a song to the queue.
   * @param {import("stemoteca/mini_player/queue").Queued} song
   * @param {boolean} isNext
   */
  add(song, isNext) {
    this.queue.add(song, isNext);
    this.say(isNext ? "playsNext" : "queued", song.title);
  }

  /**
   * Say one of the sentences that the bar carries.
   * @param {string} name
   * @param {string} [title] of a song
   */
  say(name, title = "") {
    this.status.textContent = this.#text(name, { title });
  }

  /**
   * Say what went wrong, also to those who see the bar, until a song plays.
   * @param {string} name
   * @param {string} [title] of a song
   */
  #sayWrong(name, title) {
    this.say(name, title);
    this.#said = this.status.textContent;
    this.show();
  }

  /** Say for a while that another page cannot be reached. */
  #warn() {
    this.say("unreachable");
    clearTimeout(this.#warned);
    this.#warned = setTimeout(() => this.#endWarning(), WARNED);
    this.#isWarning = true;
    this.show();
  }

  #endWarning() {
    this.#isWarning = false;
    this.show();
  }

  show() {
    const { root, queue } = this;
    if (deck.isPlaying) this.#said = "";
    const song = deck.isDocked ? deck.song : null;
    const [next] = queue.songs;
    const { opening } = this.player;
    root.hidden = !song && !next && !opening && !this.#said && !this.#isWarning;
    this.song.hidden = !song;
    this.#showSong(song);
    this.play.hidden = !song && (opening !== null || deck.song !== null);
    const isPlaying = song !== null && deck.isPlaying;
    root.dataset.playing = String(isPlaying);
    this.play.setAttribute("aria-label", this.#text(isPlaying ? "pause" : "play"));
    this.next.hidden = !next;
    const name = opening ? "loading" : "next";
    const { title } = opening ?? next ?? {};
    const isWaiting = song?.player.engine.state === "waiting";
    const said = this.#isWarning ? this.#text("unreachable") : isWaiting ? this.#text("offline") : this.#said;
    this.nextText.textContent = said || (title ? this.#text(name, { title }) : "");
    this.nextText.classList.toggle("is-said", said !== "");
    this.#element("[data-mini-count]").textContent = queue.songs.length ? String(queue.songs.length) : "";
    this.close.setAttribute("aria-label", this.#text(this.#isWarning ? "hide" : song || opening ? "close" : "clear"));
    navigator.mediaSession?.setActionHandler("nexttrack", next ? () => this.player.next() : null);
    this.#showPosition();
  }

  /** @param {Song | null} song */
  #showSong(song) {
    if (!song) {
      this.#shown = null;
      return;
    }
    this.link.href = song.player.address.url.href;
    if (song === this.#shown) return;
    this.#shown = song;
    this.#isHeld = false;
    const { title = "", artist = "" } = song.root.dataset;
    this.#element("[data-mini-title]").textContent = title;
    this.#element("[data-mini-artist]").textContent = artist;
    this.#element("[data-mini-cover]").replaceChildren(...(song.cover ? [song.cover.cloneNode(true)] : []));
    this.position.max = String(Math.floor(song.player.engine.seconds));
  }

  #showPosition() {
    const { song } = deck;
    if (this.root.hidden || !song || !deck.isDocked) return;
    const { frame, recording, seconds } = song.player.engine;
    if (!this.#isHeld) this.position.value = String(Math.floor(frame / recording.rate));
    const time = formatTime(Number(this.position.value));
    const text = message("position", { time, length: formatTime(seconds) });
    if (this.position.getAttribute("aria-valuetext") === text) return;
    this.position.setAttribute("aria-valuetext", text);
    this.position.style.setProperty("--at", `${(100 * Number(this.position.value)) / Number(this.position.max)}%`);
    this.#element("[data-mini-now]").textContent = time;
  }

  /** Have the next document begin the queue with the song that ends with this one. */
  #leave() {
    const song = deck.isDocked ? deck.song : null;
    if (!song || !this.queue.songs.length) return;
    const { title = "", artist = "" } = song.root.dataset;
    const { engine, address } = song.player;
    this.queue.leave({ track: engine.recording.track, title, artist, address: address.url.pathname });
  }

  #close() {
    if (this.#isWarning) {
      this.#endWarning();
      return;
    }
    const isSong = deck.isDocked || this.player.opening !== null;
    this.#said = "";
    this.player.stop();
    if (deck.isDocked) deck.close();
    else if (!isSong) this.queue.clear();
    this.show();
    if (this.root.hidden) getElement(document, "main", HTMLElement).focus({ preventScroll: true });
  }

  /** @param {string} selector */
  #element(selector) {
    return getElement(this.root, selector, HTMLElement);
  }

  /**
   * @param {string} name
   * @param {() => void} action
   */
  #button(name, action) {
    const button = getElement(this.root, `[data-mini-do="${name}"]`, HTMLButtonElement);
    button.addEventListener("click", action);
    return button;
  }

  /**
   * A text of the bar.
   * @param {string} name
   * @param {Record<string, string>} [values]
   */
  #text(name, values = {}) {
    return interpolate(this.root.dataset[name] ?? "", values);
  }
}

const root = findElement(document, "[data-mini-player]", HTMLElement);

/** That of this document; null where its pages have none. */
export const miniPlayer = root && new MiniPlayer(root);
