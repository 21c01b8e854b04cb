// Stage mode: the song in large type over the whole screen, which stays on; page keys go from song to song, as foot
// switches send them.

import { findElement, findElements, getElement } from "stemoteca/dom";
import { formatTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { listenToKeyboard } from "stemoteca/player/controls/keyboard";
import { ScreenLock } from "stemoteca/player/controls/screen_lock";

/**
 * What stage mode shows of the setlist that is played.
 * @typedef {object} Shown
 * @property {HTMLElement} root
 * @property {string} notice
 * @property {string} now
 * @property {import("stemoteca/setlist_player/entries").Entry | null} entry
 * @property {import("stemoteca/player/player").Player | null} player
 * @property {string} place
 * @property {string} followingText
 * @property {boolean} isPlaying
 * @property {() => void} toggle
 * @property {() => void} next
 * @property {() => void} previous
 */

const TICK = 250; // milliseconds

export class Stage {
  /** @type {AbortController | null} while it is open */
  #closing = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Shown & EventTarget} setlist
   */
  constructor(dialog, setlist) {
    this.dialog = dialog;
    this.setlist = setlist;
    this.clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
    this.screenLock = new ScreenLock(() => dialog.open);
    /** @type {[HTMLElement, string][]} */
    this.places = findElements(dialog, "[data-stage-shows]", HTMLElement).map((element) => [
      element,
      element.dataset.stageShows ?? "",
    ]);
    this.play = this.#button("play", () => setlist.toggle());
    this.#button("previous", () => setlist.previous());
    this.#button("next", () => setlist.next());
    this.#button("leave", () => dialog.close());
    getElement(setlist.root, '[data-do="stage"]', HTMLButtonElement).addEventListener("click", () => this.open());
    setlist.addEventListener("change", () => this.#show());
    dialog.addEventListener("close", () => this.#close());
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement) dialog.close(); // Escape leaves both
    });
  }

  /**
   * @param {string} name
   * @param {() => void} action
   * @returns {HTMLButtonElement}
   */
  #button(name, action) {
    const button = getElement(this.dialog, `[data-stage-do="${name}"]`, HTMLButtonElement);
    button.addEventListener("click", action);
    return button;
  }

  async open() {
    try {
      await document.documentElement.requestFullscreen?.({ navigationUI: "hide" });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it is as large as the page then
    }
    if (this.dialog.open) return;
    this.dialog.showModal(); // after that, as what comes later is on top
    this.#closing = new AbortController();
    const { signal } = this.#closing;
    const { setlist } = this;
    listenToKeyboard({ PageDown: () => setlist.next(), PageUp: () => setlist.previous() }, null, signal);
    const timer = setInterval(() => this.#show(), TICK);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.play.focus();
    this.screenLock.update();
    this.#show();
  }

  #close() {
    this.#closing?.abort();
    this.#closing = null;
    this.screenLock.update();
    if (document.fullscreenElement) document.exitFullscreen();
    // Not where the dialog puts it, on the button that opened it: Space would open it again.
    findElement(this.setlist.root, '.player [data-do="play"]', HTMLButtonElement)?.focus({ preventScroll: true });
  }

  #show() {
    if (!this.dialog.open) return;
    const { entry, player, place, followingText, notice, now, isPlaying } = this.setlist;
    const engine = player?.engine;
    const rate = engine?.recording.rate ?? 1;
    /** @type {Record<string, string>} */
    const texts = {
      place,
      clock: this.clock.format(),
      title: entry?.title ?? "",
      artist: entry?.artist ?? "",
      note: entry?.note ?? "",
      settings: entry?.settings_text ?? "",
      notice,
      now,
      following: followingText,
      time: engine ? `${formatTime(engine.frame / rate)} / ${formatTime(engine.seconds)}` : "",
    };
    for (const [element, name] of this.places) {
      if (element.textContent !== texts[name]) element.textContent = texts[name] ?? "";
    }
    this.play.setAttribute("aria-label", message(isPlaying ? "pause" : "play"));
    this.dialog.classList.toggle("is-playing", isPlaying);
  }
}
