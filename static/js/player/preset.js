// The settings of a song, kept with the account: volumes, pans, speed and key come back on the next visit. What the
// address says goes first.

import { getElement } from "stemoteca/dom";
import { levelsOf, settingsOf } from "stemoteca/player/playback_settings";
import { keep } from "stemoteca/player/practice";
import { levelFrom } from "stemoteca/player/sound/levels";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/controls/mixer").Mixer} Mixer */
/** @typedef {import("stemoteca/player/controls/stretch_controls").StretchControls} StretchControls */
/** @typedef {import("stemoteca/player/playback_settings").PlaybackSettings} PlaybackSettings */

const PAUSE = 1000; // milliseconds without a change, after which they are kept
const KEY = "stemoteca.unsaved.";
const SENDING = 10_000; // milliseconds in which a change that is sent while the page goes away surely arrives
const OURS = ["speed", "semitones", "cents", "stems"];

/**
 * Tell whether this browser remembers levels that the server may not have yet.
 * @param {unknown} stored true, or when a page sent them as it went away
 * @param {number} now in milliseconds
 */
export function isUnsaved(stored, now) {
  return stored === true || (typeof stored === "number" && now - stored < SENDING);
}

/**
 * Put the settings that are heard in place of those that were kept. What a player does not set stays, and so do parts
 * that only another separation of the song has.
 * @param {PlaybackSettings} kept
 * @param {PlaybackSettings} now
 * @param {string[]} names of the parts that there are now
 * @returns {PlaybackSettings}
 */
export function mergeSettings(kept, now, names) {
  const rest = Object.entries(kept).filter(([name]) => !OURS.includes(name));
  const others = Object.entries(kept.stems ?? {}).filter(([name]) => !names.includes(name));
  const stems = { ...Object.fromEntries(others), ...now.stems };
  return { ...Object.fromEntries(rest), ...now, ...(Object.keys(stems).length ? { stems } : {}) };
}

export class Preset {
  /** @type {PlaybackSettings} */
  #kept = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isApplying = false;
  #isChanged = false; // by the person, since it was kept

  /**
   * @param {HTMLElement} root
   * @param {Mixer} mixer
   * @param {StretchControls} stretch
   * @param {Pick<import("stemoteca/player/controls/unfolding").Unfolding, "follow">} unfolding
   * @param {AbortSignal} [signal] ends it
   */
  constructor(root, mixer, stretch, unfolding, signal) {
    this.mixer = mixer;
    this.unfolding = unfolding;
    this.stretch = stretch;
    this.engine = mixer.engine;
    this.root = root;
    this.element = getElement(root, "[data-preset]", HTMLElement);
    this.button = getElement(this.element, "button", HTMLButtonElement);
    const { query } = stretch.address;
    this.followsStretch = !query.has("speed") && !query.has("key");
    this.key = KEY + this.engine.recording.track;
    // The mix of an address is not that of the person; what this browser remembers comes to the server another time.
    this.#isChanged = !mixer.followsAddress && isUnsaved(readStored(this.key), Date.now());
    this.followsLevels = !this.#isChanged && !query.has("mix");
    this.isLoaded = false;
    this.mixer.addEventListener("change", () => {
      if (this.#isApplying) return;
      this.followsLevels = false;
      this.#changed();
    });
    this.engine.addEventListener("stretch", () => {
      if (this.#isApplying) return;
      this.followsStretch = false;
      this.#changed();
    });
    this.button.addEventListener("click", () => this.toOriginal());
    const leave = () => {
      if (readStored(this.key) === true) store(this.key, Date.now());
      this.#flush();
    };
    addEventListener("pagehide", leave, { signal });
  }

  get #now() {
    return settingsOf(this.stretch.kept, null, this.engine.recording.rate, this.mixer.shown);
  }

  /**
   * Play the song as it was played last, but for what was changed meanwhile.
   * @param {PlaybackSettings | null} settings
   */
  follow(settings) {
    this.isLoaded = true;
    if (!this.mixer.isRemembered) return; // a setlist says how it is played
    this.#kept = settings ?? {};
    if (settings) this.#apply(settings);
    this.element.hidden = !settings || !Object.keys(this.#now).length;
    if (this.#isChanged) this.#changed();
  }

  /** @param {PlaybackSettings} settings */
  #apply(settings) {
    this.#isApplying = true;
    const { speed = 1, semitones = 0, cents = 0 } = settings;
    const levels = levelsOf(settings);
    const kept = { speed: Math.round(100 * speed), semitones, cents };
    const { stretch } = this.engine;
    const isOther = stretch.speed !== kept.speed || stretch.semitones !== semitones || stretch.cents !== cents;
    if (this.followsStretch && isOther) this.stretch.set(kept); // which says so, over whatever was said last
    if (this.followsLevels) {
      this.unfolding.follow(levels);
      this.mixer.setLevels(this.mixer.lanes.map(({ name }) => ({ name, ...(levels[name] ?? levelFrom(null)) })));
    }
    this.#isApplying = false;
  }

  /** Play the song as it is, and forget what was kept. */
  toOriginal() {
    const isByKeyboard = this.button.matches(":focus-visible");
    this.stretch.reset();
    if (Object.keys(this.#now).length) this.mixer.reset(); // which can be undone
    if (isByKeyboard) getElement(this.root, '[data-do="reset"]', HTMLButtonElement).focus();
  }

  #changed() {
    this.#isChanged = true;
    if (this.element.dataset.address && this.mixer.isRemembered) store(this.key, true);
    if (!Object.keys(this.#now).length) this.element.hidden = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), PAUSE);
  }

  /** Keep the settings, if they are others; what is not kept now comes with the next change. */
  async #flush() {
    clearTimeout(this.#timer);
    const { address } = this.element.dataset;
    if (!this.#isChanged || !this.isLoaded || !address || !this.mixer.isRemembered) return;
    this.#isChanged = false;
    const settings = mergeSettings(
      this.#kept,
      this.#now,
      this.mixer.lanes.flatMap(({ name, parts }) => [name, ...parts.map((part) => part.name)]),
    );
    const before = this.#kept;
    if (JSON.stringify(settings) === JSON.stringify(before)) {
      store(this.key, false);
      return;
    }
    this.#kept = settings;
    const isEmpty = Object.keys(settings).length === 0;
    const answer = await (isEmpty ? keep(address, "DELETE") : keep(address, "PUT", settings));
    if (answer?.ok) {
      if (!this.#isChanged) store(this.key, false);
    } else {
      this.#kept = before;
      this.#isChanged = true;
    }
  }
}
