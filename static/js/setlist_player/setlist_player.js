// Plays a setlist: one song after another in one page, with one audio context, so that the sound that a person has
// started goes on by itself. The player of each song comes from the server when its turn comes.
//
// Event: "change", when something else is shown.

import { request } from "stemoteca/api";
import { closestElement, findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { replaceAddress } from "stemoteca/navigation/address";
import { listenToKeyboard } from "stemoteca/player/controls/keyboard";
import { writeSettings } from "stemoteca/player/playback_settings";
import { startPlayer } from "stemoteca/player/player";
import { Countdown } from "stemoteca/setlist_player/countdown";
import { coverIn, markEntry, readEntries, recordingIn } from "stemoteca/setlist_player/entries";
import { applySettings, EntrySettings } from "stemoteca/setlist_player/entry_settings";
import { Loader } from "stemoteca/setlist_player/loader";
import { Options } from "stemoteca/setlist_player/options";
import { allFrom, Order } from "stemoteca/setlist_player/order";
import { Stage } from "stemoteca/setlist_player/stage";

/** @typedef {import("stemoteca/setlist_player/entries").Entry} Entry */

const PRELOAD = 3000; // milliseconds that a song has for itself, before the next one is fetched

export class SetlistPlayer extends EventTarget {
  /** @type {import("stemoteca/player/player").Player | null} */
  player = null;
  /** @type {Entry | null} */
  entry = null;
  notice = ""; // what is said
  now = ""; // what is said of the song that is shown: its name and its place
  loader = new Loader();
  order = new Order();
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {{ entry: Entry | null, plays: boolean } | null} what is being opened */
  #opening = null;
  /** @type {object | null} stands for the attempt to play a song that has not begun */
  #starting = null;
  #isBetween = false; // the song that is shown follows the one that was heard, and has not begun
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
    this.countdown = new Countdown(root, () => this.#sayWaits());
    this.kept = EntrySettings.in(root, this.said, () => this.reload());
    this.entries = readEntries(this.list);
    this.#listen();
    new Stage(getElement(root, "[data-stage]", HTMLDialogElement), this);
    for (const controls of findElements(root, "[data-controls]", HTMLElement)) controls.hidden = false;
  }

  /** Open the entry that the address names, or the first one; play it if the address says so. */
  async begin() {
    const query = new URL(location.href).searchParams;
    const named = query.get("entry") ?? "";
    const first = this.entries.has(named) ? named : null;
    this.order.arrange([...this.entries.keys()], first, this.options.shuffles);
    await this.#open(this.#named(allFrom(this.order.ids, first ?? "", 1, true)), query.has("play"));
  }

  /** Whether it plays, or is about to. */
  get isPlaying() {
    const isOn = this.#starting !== null || (this.player !== null && this.player.engine.state !== "stopped");
    return this.#opening?.plays ?? isOn;
  }

  /** The entry that follows, as far as is known by now; null after the last one. */
  get following() {
    return this.#after(1, this.entry).find((entry) => this.loader.canPlay(entry)) ?? null;
  }

  /** "3 of 12", in the order in which the songs are played. */
  get place() {
    const here = this.order.place(this.entry?.id ?? "");
    return here ? message("songPlace", { here, all: this.entries.size }) : "";
  }

  get followingText() {
    return this.following ? message("songNext", { title: this.following.title }) : message("songLast");
  }

  /** Play, or pause. */
  toggle() {
    if (this.#opening) this.#opening.plays = !this.#opening.plays;
    else if (!this.isPlaying) this.player?.engine.play();
    else {
      this.#starting = null;
      this.player?.engine.pause();
      this.#show();
    }
  }

  /** Go on to the next song; the one that waits for its turn is the next one. */
  next() {
    if (!this.#isBetween) this.#move(1);
    else if (!this.#opening) this.player?.engine.play();
    else {
      this.#isBetween = false;
      this.#opening.plays = true;
    }
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
    this.loader.forget();
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
      const entry = this.entries.get(closestElement(link, "[data-entry]")?.dataset.entry ?? "");
      if (!entry || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (!this.loader.canPlay(entry) && !this.isPlaying) return; // to its page, where it can be separated
      event.preventDefault();
      this.#open([entry], true);
    });
  }

  /**
   * Put the songs in order, beginning with the one that is shown where they are shuffled.
   * @param {boolean} [isAnew] also where they are the same songs
   */
  #arrange(isAnew = false) {
    this.order.arrange([...this.entries.keys()], this.entry?.id ?? null, this.options.shuffles, isAnew);
    this.#show();
  }

  /**
   * List the entries that come after one, or before it: that which is shown, or is about to be.
   * @param {1 | -1} step
   */
  #after(step, entry = this.#opening?.entry ?? this.entry) {
    return this.#named(this.order.after(entry?.id ?? "", step, this.options.repeats));
  }

  /** @param {string[]} ids */
  #named(ids) {
    return ids.flatMap((id) => this.entries.get(id) ?? []);
  }

  /** @param {1 | -1} step */
  #move(step) {
    const entries = this.#after(step);
    if (entries.length) this.#open(entries, this.isPlaying || this.countdown.isRunning);
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
    const opening = { entry: entries[0] ?? null, plays };
    this.#opening = opening;
    this.#starting = null;
    this.#isBetween = isBetween;
    this.countdown.stop();
    clearTimeout(this.#timer);
    this.player?.engine.pause();
    const isWanted = () => this.#opening === opening;
    const reasons = [];
    for (const [index, entry] of entries.entries()) {
      opening.entry = entries.slice(index).find((each) => this.loader.canPlay(each)) ?? entry;
      this.#say(message("songLoading", { title: entry.title }));
      const loaded = await this.loader.load(entry, isWanted, () => this.#say(message("offline")));
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
    this.#proceed(plays);
  }

  /**
   * Play the song that is shown, after the pause if it follows another one.
   * @param {boolean} plays
   */
  #proceed(plays) {
    const { pause } = this.options;
    if (this.#isBetween && !plays) {
      this.#sayWaits();
    } else if (this.#isBetween && pause) {
      this.#say(`${this.#skipped} ${message("songBegins", { title: this.entry?.title ?? "", n: pause })}`.trim());
      this.countdown.start(pause, () => this.#start());
    } else {
      this.#sayNow();
      if (plays) this.#start();
    }
  }

  async #start() {
    const starting = {};
    this.#starting = starting;
    await this.player?.playUnasked(() => this.#starting === starting);
    if (this.#starting === starting) this.#starting = null;
    this.#show();
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
    this.#starting = null;
    if (state !== "stopped") {
      this.countdown.stop();
      if (this.#isBetween) this.#sayNow();
      this.#isBetween = false;
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
    for (let next = this.following; next; next = this.following) {
      if (await this.loader.preload(next)) return;
      this.#show();
    }
  }

  /** After the end of a song: show the next one, and play it when the pause is over. */
  async #goOn() {
    const isOpen = await this.#open(this.#after(1), this.options.pause !== null, true);
    if (isOpen === false) this.#say(`${this.notice} ${message("setlistEnded")}`.trim());
  }

  /**
   * @param {string} notice
   * @param {string} [now]
   */
  #say(notice, now = "") {
    this.notice = notice;
    this.now = now;
    const sentence = `${notice} ${now}`.trim();
    if (this.said.textContent !== sentence) this.said.textContent = sentence; // not announced twice
    this.#show();
  }

  #sayWaits() {
    this.#say(`${this.#skipped} ${message("songWaits", { title: this.entry?.title ?? "" })}`.trim());
  }

  #sayNow() {
    const { title = "", artist = "", id = "" } = this.entry ?? {};
    const here = this.order.place(id);
    this.#say(this.#skipped, message("songNow", { title, artist, here, all: this.entries.size }));
  }

  #show() {
    getElement(this.root, "[data-place]", HTMLElement).textContent = this.place;
    getElement(this.root, "[data-following]", HTMLElement).textContent = this.followingText;
    markEntry(this.list, this.entry?.id ?? null);
    this.kept?.show(this.entry, this.player);
    this.dispatchEvent(new Event("change"));
  }
}
