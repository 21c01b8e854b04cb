// Plays a setlist: one song after another in one page, with one audio context, so that the sound that a person has
// started goes on by itself. The player of each song comes from the server when its turn comes.
//
// Event: "change", when something else is shown.

import { NetworkError, request } from "stemoteca/api";
import { closestElement, findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { replaceAddress } from "stemoteca/navigation/address";
import { listenToKeyboard } from "stemoteca/player/controls/keyboard";
import { writeSettings } from "stemoteca/player/playback_settings";
import { startPlayer } from "stemoteca/player/player";
import { Countdown } from "stemoteca/setlist_player/countdown";
import { coverIn, fetchBeginning, loadPlayer, readEntries, recordingIn } from "stemoteca/setlist_player/entries";
import { applySettings, EntrySettings } from "stemoteca/setlist_player/entry_settings";
import { Options } from "stemoteca/setlist_player/options";
import { allFrom, neighbour, shuffled } from "stemoteca/setlist_player/order";
import { Stage } from "stemoteca/setlist_player/stage";

/** @typedef {import("stemoteca/setlist_player/entries").Entry} Entry */
/** @typedef {import("stemoteca/setlist_player/entries").Loaded} Loaded */

const RETRY = 3000; // milliseconds after which a line that was gone is tried again
const PRELOAD = 3000; // milliseconds that a song has for itself, before the next one is fetched

export class SetlistPlayer extends EventTarget {
  /** @type {import("stemoteca/player/player").Player | null} */
  player = null;
  /** @type {Entry | null} */
  entry = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {{ plays: boolean } | null} what is being opened */
  #opening = null;
  #isBetween = false; // the song that is shown follows the one that was heard, and has not begun
  /** @type {{ id: string, loaded: Promise<Loaded | null> } | null} */
  #preloaded = null;
  /** @type {Set<string>} ids of the entries that could not be played when they were asked for */
  #unplayable = new Set();
  #skipped = ""; // what was skipped before the song that is shown
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} root */
  constructor(root) {
    super();
    this.root = root;
    this.list = getElement(root, "[data-list]", HTMLElement);
    this.host = getElement(root, "[data-song]", HTMLElement);
    this.said = getElement(root, "[data-said]", HTMLElement);
    this.options = new Options(root);
    this.countdown = new Countdown(root, () => this.#say(message("songWaits", { title: this.entry?.title ?? "" })));
    this.kept = EntrySettings.in(root, this.said, () => this.reload());
    this.entries = readEntries(this.list);
    this.order = [...this.entries.keys()];
    this.#listen();
    new Stage(getElement(root, "[data-stage]", HTMLDialogElement), this);
    for (const controls of findElements(root, "[data-controls]", HTMLElement)) controls.hidden = false;
  }

  /** Open the entry that the address names, or the first one; play it if the address says so. */
  async begin() {
    const query = new URL(location.href).searchParams;
    const named = query.get("entry") ?? "";
    const first = this.entries.has(named) ? named : null;
    if (this.options.shuffles) this.order = shuffled([...this.entries.keys()], first);
    await this.#open(this.#named(allFrom(this.order, first ?? "", 1, true)), query.has("play"));
  }

  get isPlaying() {
    return this.#opening?.plays ?? (this.player !== null && this.player.engine.state !== "stopped");
  }

  /** The entry that follows, as far as is known by now; null after the last one. */
  get following() {
    return this.#after(1).find(({ id, player }) => player !== null && !this.#unplayable.has(id)) ?? null;
  }

  /** "3 of 12", in the order in which the songs are played. */
  get place() {
    const here = this.order.indexOf(this.entry?.id ?? "") + 1;
    return here ? message("songPlace", { here, all: this.order.length }) : "";
  }

  get followingText() {
    return this.following ? message("songNext", { title: this.following.title }) : message("songLast");
  }

  /** Play, or pause. */
  toggle() {
    if (this.#opening) this.#opening.plays = !this.#opening.plays;
    else if (this.isPlaying) this.player?.engine.pause();
    else this.player?.engine.play();
  }

  /** Go on to the next song; the one that waits for its turn is the next one. */
  next() {
    if (!this.#isBetween) this.#move(1);
    else if (this.#opening) this.#opening.plays = true;
    else this.player?.engine.play();
  }

  previous() {
    this.#move(-1);
  }

  /** Read the list as it is now. */
  async reload() {
    const address = new URL(location.href);
    address.search = "fragment=entries";
    const answer = await request(address);
    if (!answer.ok) return;
    this.list.innerHTML = await answer.text();
    this.entries = readEntries(this.list);
    this.#unplayable.clear();
    this.entry = this.entries.get(this.entry?.id ?? "") ?? this.entry;
    this.#arrange();
  }

  #listen() {
    getElement(this.root, '[data-do="previous"]', HTMLButtonElement).addEventListener("click", () => this.previous());
    getElement(this.root, '[data-do="next"]', HTMLButtonElement).addEventListener("click", () => this.next());
    listenToKeyboard({ n: () => this.next(), p: () => this.previous() }, null);
    navigator.mediaSession?.setActionHandler("nexttrack", () => this.next());
    navigator.mediaSession?.setActionHandler("previoustrack", () => this.previous());
    this.options.addEventListener("change", (event) => {
      if (event instanceof CustomEvent && event.detail !== "pause") this.#arrange(event.detail === "shuffle");
    });
    this.list.addEventListener("click", (event) => {
      const link = closestElement(event.target, "a");
      const id = closestElement(link, "[data-entry]")?.dataset.entry;
      if (!id || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (this.#unplayable.has(id) && !this.isPlaying) return; // to its page, where it can be separated
      event.preventDefault();
      this.#open(this.#named([id]), true);
    });
  }

  /**
   * Put the songs in order, beginning with the one that is shown where they are shuffled.
   * @param {boolean} [isAnew] also where they are the same songs
   */
  #arrange(isAnew = false) {
    const ids = [...this.entries.keys()];
    const isSame = ids.length === this.order.length && ids.every((id) => this.order.includes(id));
    if (!this.options.shuffles) this.order = ids;
    else if (isAnew || !isSame) this.order = shuffled(ids, this.entry?.id ?? null);
    this.#show();
  }

  /**
   * List the entries that come after the one that is shown, or before it.
   * @param {1 | -1} step
   */
  #after(step) {
    const { order, options } = this;
    const next = neighbour(order, this.entry?.id ?? null, step, options.repeats);
    return next === null ? [] : this.#named(allFrom(order, next, step, options.repeats));
  }

  /** @param {string[]} ids */
  #named(ids) {
    return ids.flatMap((id) => this.entries.get(id) ?? []);
  }

  /** @param {1 | -1} step */
  #move(step) {
    const entries = this.#after(step);
    if (entries.length) this.#open(entries, this.isPlaying);
    else this.#say(message(step === 1 ? "setlistLast" : "setlistFirst"));
  }

  /**
   * Open the first of some entries that can be played.
   * @param {Entry[]} entries
   * @param {boolean} plays
   * @param {boolean} [isBetween] they follow the song that was heard
   * @returns {Promise<boolean | null>} whether there was one; null where something else was opened meanwhile
   */
  async #open(entries, plays, isBetween = false) {
    const opening = { plays };
    this.#opening = opening;
    this.#isBetween = isBetween;
    this.countdown.stop();
    clearTimeout(this.#timer);
    this.player?.engine.pause();
    const reasons = [];
    for (const entry of entries) {
      const loaded = await this.#load(entry, () => this.#opening === opening);
      if (!loaded) return null;
      if (loaded.html !== null) {
        this.#opening = null;
        this.#skipped = reasons.length ? message("songSkipped", { reason: reasons.join(" ") }) : "";
        this.#begin(entry, loaded.html, opening.plays);
        return true;
      }
      reasons.push(message(loaded.reason, { title: entry.title, n: entry.number }));
    }
    this.#opening = null;
    this.#isBetween = false;
    if (!this.player) reasons.push(message("songNone"));
    this.#say(reasons.join(" "));
    return false;
  }

  /**
   * Load the player of an entry; where the line is gone, when it is back.
   * @param {Entry} entry
   * @param {() => boolean} isWanted
   * @returns {Promise<Loaded | null>} null where it is wanted no longer
   */
  async #load(entry, isWanted) {
    const preloaded = this.#preloaded?.id === entry.id ? this.#preloaded.loaded : null;
    if (preloaded) this.#preloaded = null;
    this.#say(message("songLoading", { title: entry.title }));
    let loaded = preloaded && (await preloaded);
    while (!loaded?.html && isWanted()) {
      try {
        loaded = await loadPlayer(entry);
        break;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        if (isWanted()) this.#say(message("offline"));
        await new Promise((done) => setTimeout(done, RETRY));
      }
    }
    if (loaded?.html) this.#unplayable.delete(entry.id);
    else if (loaded) this.#unplayable.add(entry.id);
    return isWanted() ? loaded : null;
  }

  /**
   * Show a song in place of another one.
   * @param {Entry} entry
   * @param {string} html with its player
   * @param {boolean} plays
   */
  #begin(entry, html, plays) {
    const hadFocus = this.host.contains(document.activeElement);
    const before = this.player;
    this.player = null;
    before?.close();
    this.host.innerHTML = html;
    this.entry = entry;
    const address = new URL(location.href);
    address.searchParams.delete("play");
    address.searchParams.set("entry", entry.id);
    writeSettings(address.searchParams, entry.settings);
    replaceAddress(address);
    const recording = recordingIn(this.host);
    const root = getElement(this.host, ".player", HTMLElement);
    const player = startPlayer(root, recording, {
      makeContext: () => this.#openContext(recording.rate),
      cover: coverIn(this.host),
    });
    this.player = player;
    applySettings(player, entry);
    player.engine.addEventListener("state", (event) => {
      if (player === this.player) this.#follow(event instanceof CustomEvent && event.detail === "ended");
    });
    if (hadFocus) getElement(root, '[data-do="play"]', HTMLButtonElement).focus();
    const { title, artist } = entry;
    const here = this.order.indexOf(entry.id) + 1;
    this.#sayAfterSkipped(message("songNow", { title, artist, here, all: this.order.length }));
    if (plays) player.playUnasked();
  }

  /**
   * The audio context of all songs: what the person has started once may go on.
   * @param {number} rate in hertz
   */
  #openContext(rate) {
    this.#context ??= new AudioContext({ sampleRate: rate, latencyHint: "balanced" });
    return this.#context;
  }

  /**
   * Follow what the player does.
   * @param {boolean} hasEnded
   */
  #follow(hasEnded) {
    const state = this.player?.engine.state;
    if (state !== "stopped") {
      this.#isBetween = false;
      this.countdown.stop();
    }
    if (state === "playing") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#preload(), PRELOAD);
    }
    if (hasEnded) this.#goOn();
    else this.#show();
  }

  /** Fetch what the next song needs, so that it begins at once. */
  async #preload() {
    const next = this.following;
    if (!next || this.#preloaded?.id === next.id) return;
    const loaded = loadPlayer(next).catch((error) => {
      if (!(error instanceof NetworkError)) throw error;
      return null; // asked for again when its turn comes
    });
    this.#preloaded = { id: next.id, loaded };
    const player = await loaded;
    if (player?.html) await fetchBeginning(next, player.html);
    if (!player || player.html) return;
    this.#unplayable.add(next.id);
    this.#show();
    await this.#preload();
  }

  /** After the end of a song: show the next one, and play it when the pause is over. */
  async #goOn() {
    const { pause } = this.options;
    const isOpen = await this.#open(this.#after(1), pause === 0, true);
    if (isOpen === false) this.#say(`${this.said.textContent} ${message("setlistEnded")}`.trim());
    if (!isOpen || this.isPlaying || pause === 0) return;
    const title = this.entry?.title ?? "";
    if (pause === null) {
      this.#sayAfterSkipped(message("songWaits", { title }));
      return;
    }
    this.#sayAfterSkipped(message("songBegins", { title, n: pause }));
    this.countdown.start(pause, () => this.player?.playUnasked());
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.said.textContent = sentence;
    this.#show();
  }

  /** @param {string} sentence about the song that is shown */
  #sayAfterSkipped(sentence) {
    this.#say(`${this.#skipped} ${sentence}`.trim());
  }

  #show() {
    getElement(this.root, "[data-place]", HTMLElement).textContent = this.place;
    getElement(this.root, "[data-following]", HTMLElement).textContent = this.followingText;
    for (const row of findElements(this.list, "[data-entry]", HTMLElement)) {
      const isHere = row.dataset.entry === this.entry?.id;
      row.classList.toggle("is-playing", isHere);
      if (isHere) row.querySelector("a")?.setAttribute("aria-current", "true");
      else row.querySelector("a")?.removeAttribute("aria-current");
    }
    this.kept?.show(this.entry, this.player);
    this.dispatchEvent(new Event("change"));
  }
}
