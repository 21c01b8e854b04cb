// Mute, solo, volume and pan of every lane and of the parts of its stem, and the volume of them all; remembered in this
// browser, the lanes for each song.

import { getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { decibels, levelFrom, loudness, panOf, partsOf } from "stemoteca/player/sound/levels";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/levels").Level} Level */
/** @typedef {import("stemoteca/player/player").Parts} Parts */
/** @typedef {ReturnType<Mixer["makeLane"]> & { parts: Lane[] }} Lane */

const KEY = "stemoteca.mix.";
const MASTER = "stemoteca.volume";
const CENTRE = 6; // percent around the middle in which pan snaps to it

/** Event: "change", after whatever changed. */
export class Mixer extends EventTarget {
  /** @type {{ levels: Level[], master: number } | null} what "All on" can bring back */
  #before = null;
  isRemembered = true;
  followsAddress = false; // it began with the levels that the address says

  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {(sentence: string) => void} report tells people who listen to the page what changed
   */
  constructor(root, engine, report) {
    super();
    this.root = root;
    this.engine = engine;
    this.report = report;
    this.key = KEY + engine.recording.track;
    /** @type {Record<string, unknown>} */
    this.stored = readStored(this.key) ?? {};
    /** @type {Lane[]} */
    this.lanes = engine.recording.stems.map((stem, index) => this.makeLane(stem, index));
    this.resetLabel = getElement(root, "[data-reset-does]", HTMLElement);
    this.master = getElement(root, "[data-master]", HTMLInputElement);
    this.master.value = String(levelFrom({ volume: readStored(MASTER) }).volume);
    this.master.addEventListener("input", () => {
      this.#applyMaster();
      this.change();
    });
    this.#applyMaster();
    this.apply();
  }

  #applyMaster() {
    const volume = Math.min(Number(this.master.value), 100);
    this.master.style.setProperty("--at", `${volume}%`);
    this.master.setAttribute("aria-valuetext", message("volume", { percent: volume }));
    this.engine.stems.setMaster((volume / 100) ** 2);
    store(MASTER, volume);
  }

  /**
   * @param {import("stemoteca/player/player").StemAddresses} stem
   * @param {number} index of it in the engine
   */
  makeLane(stem, index) {
    const { name } = stem;
    const element = getElement(this.root, `[data-lane="${name}"]`, HTMLElement);
    const lane = {
      ...levelFrom(this.stored[name]),
      index,
      name,
      stem,
      /** @type {any[]} lanes */
      parts: [],
      isUnfolded: false,
      separation: "", // id of that of its parts
      label: element.getAttribute("aria-label") ?? name,
      element,
      mute: getElement(element, ".mute", HTMLButtonElement),
      solo: getElement(element, ".solo", HTMLButtonElement),
      range: getElement(element, "[data-volume]", HTMLInputElement),
      panRange: getElement(element, "[data-pan]", HTMLInputElement),
      panShows: getElement(element, "[data-pan-shows]", HTMLElement),
      state: getElement(element, "[data-lane-state]", HTMLElement),
      peak: getElement(element, "[data-peak]", HTMLElement),
      meter: getElement(element, "[data-meter]", HTMLElement),
      shown: { transform: "", text: "" }, // of level and peak
    };
    lane.mute.addEventListener("click", () => this.toggleMute(lane));
    lane.solo.addEventListener("click", () => this.toggleSolo(lane));
    lane.range.addEventListener("input", () => {
      lane.volume = Number(lane.range.value);
      this.change();
    });
    lane.panRange.addEventListener("input", () => {
      const pan = Number(lane.panRange.value);
      lane.pan = Math.abs(pan) < CENTRE ? 0 : pan;
      this.change();
    });
    return lane;
  }

  /**
   * Whether a lane was unfolded when the song was played last in this browser.
   * @param {Lane} lane
   */
  wasUnfolded({ name }) {
    const stored = /** @type {{ isUnfolded?: unknown } | undefined} */ (this.stored[name]);
    return stored?.isUnfolded === true;
  }

  /** The lanes, and the parts that are heard in place of some of them. */
  get shown() {
    return this.lanes.flatMap((lane) => [lane, ...partsOf(lane)]);
  }

  /**
   * Have the parts of a lane heard in its place.
   * @param {Lane} lane
   * @param {Parts} parts what its stem was separated into
   */
  unfold(lane, { separation, stems }) {
    if (!lane.parts.length) {
      lane.separation = separation;
      lane.parts = stems.map((stem) => this.makeLane(stem, this.engine.addStem(stem)));
    }
    this.#fold(lane, false);
  }

  /** @param {Lane} lane that is heard in place of its parts again */
  fold(lane) {
    this.#fold(lane, true);
  }

  /**
   * @param {Lane} lane
   * @param {boolean} isFolded
   */
  #fold(lane, isFolded) {
    lane.isUnfolded = !isFolded;
    const parts = lane.parts.map(({ index }) => index);
    this.change();
    if (isFolded) this.engine.stems.exchange([lane.index], parts);
    else this.engine.stems.exchange(parts, [lane.index]);
  }

  /** @param {Lane} lane */
  toggleMute(lane) {
    lane.muted = !lane.muted;
    this.report(message(lane.muted ? "muted" : "heard", { stem: lane.label }) + this.#silence(lane));
    this.change();
  }

  /** @param {Lane} lane */
  toggleSolo(lane) {
    lane.alone = !lane.alone;
    const alone = this.shown.filter((each) => each.alone).map((each) => each.label);
    const sentence = alone.length ? message("alone", { stem: alone.join(", ") }) : message("reset");
    this.report(sentence + this.#silence(lane));
    this.change();
  }

  /**
   * Set the levels of the lanes, which have their order.
   * @param {Level[]} levels
   */
  setLevels(levels) {
    for (const [index, lane] of this.lanes.entries()) Object.assign(lane, levels[index]);
    this.change();
  }

  /**
   * Begin with the levels that the address says, by the name of the stem; they are not remembered until something is
   * changed here.
   * @param {Record<string, Level> | null} levels
   * @param {Pick<import("stemoteca/player/controls/unfolding").Unfolding, "follow">} unfolding
   */
  begin(levels, unfolding) {
    if (!levels) return;
    this.followsAddress = true;
    this.isRemembered = false;
    unfolding.follow(levels);
    this.setLevels(this.lanes.map(({ name }) => levels[name] ?? levelFrom(null)));
    this.isRemembered = true;
  }

  /**
   * Explain why a lane is silent although its own buttons do not say so, as the end of a sentence.
   * @param {Lane} lane
   */
  #silence(lane) {
    if (lane.muted && lane.alone) return `. ${message("muteFirst", { stem: lane.label })}`;
    const group = this.lanes.find(({ parts }) => parts.includes(lane));
    const isOff = [lane, ...(group ? [group] : [])].some(({ muted, volume }) => muted || volume === 0);
    return !isOff && this.loudness(lane) === 0 ? `. ${message("othersAlone", { stem: lane.label })}` : "";
  }

  /** Have all parts on as they are in the song, or, if that was the last thing done, as they were before. */
  reset() {
    const before = this.#before;
    const all = this.lanes.flatMap((lane) => [lane, ...lane.parts]);
    const now = all.map(({ muted, alone, volume, pan }) => ({ muted, alone, volume, pan }));
    const master = Number(this.master.value);
    const isChanged = master !== 100 || now.some((level) => JSON.stringify(level) !== JSON.stringify(levelFrom(null)));
    this.#before = before || !isChanged ? null : { levels: now, master };
    for (const [index, lane] of all.entries()) Object.assign(lane, before?.levels[index] ?? levelFrom(null));
    this.master.value = String(before?.master ?? 100);
    this.#applyMaster();
    this.report(message(before ? "resetUndone" : "reset"));
    this.apply();
  }

  /** Apply a change, which is newer than what could be brought back. */
  change() {
    this.#before = null;
    this.apply();
  }

  /**
   * How loud a lane is now, 0 to 4.
   * @param {Lane} lane
   */
  loudness(lane) {
    return loudness(lane, this.lanes);
  }

  /**
   * Show how loud a lane plays.
   * @param {Lane} lane
   * @param {number | null} peak of the stem, 1 for the loudest sample there can be; null while nothing plays
   * @param {number} share of the loudest peak of all stems
   */
  showLevel(lane, peak, share) {
    const level = Math.min(share * Math.sqrt(this.loudness(lane)), 1);
    // Not a custom property of the lane: in each frame, all elements of the lane inherited it anew.
    const transform = `scaleY(${level.toFixed(2)})`;
    const text = peak === null ? "" : decibels(peak * this.loudness(lane));
    if (lane.shown.transform !== transform) lane.meter.style.transform = transform;
    if (lane.shown.text !== text) lane.peak.textContent = text;
    lane.shown = { transform, text };
  }

  /** Make page, sound and what is remembered say the same as the lanes. */
  apply() {
    const all = this.lanes.flatMap((lane) => [lane, ...lane.parts]);
    for (const lane of all) {
      const gain = this.loudness(lane);
      lane.mute.setAttribute("aria-pressed", String(lane.muted));
      lane.solo.setAttribute("aria-pressed", String(lane.alone));
      lane.range.value = String(lane.volume);
      lane.range.setAttribute("aria-valuetext", message("volume", { percent: lane.volume }));
      lane.range.style.setProperty("--at", `${lane.volume / 2}%`);
      lane.panRange.value = String(lane.pan);
      const side = lane.pan < 0 ? "panLeft" : "panRight";
      lane.panRange.setAttribute(
        "aria-valuetext",
        message(lane.pan === 0 ? "panCentre" : side, { percent: Math.abs(lane.pan) }),
      );
      const place = lane.pan === 0 ? "panCentreShort" : `${side}Short`;
      lane.panShows.textContent = message(place, { percent: Math.abs(lane.pan) });
      lane.panShows.classList.toggle("is-centre", lane.pan === 0);
      const silence = this.#silence(lane).slice(2);
      lane.element.title = silence;
      lane.state.textContent = silence && message(lane.muted ? "muteFirstShort" : "othersAloneShort");
      lane.element.classList.toggle("is-silent", gain === 0);
      lane.element.classList.toggle("is-soloed", lane.alone && !lane.muted);
      this.engine.stems.set(lane.index, { volume: gain, pan: panOf(lane, this.lanes) });
    }
    this.resetLabel.textContent = message(this.#before ? "undo" : "allOn");
    const mix = Object.fromEntries(
      all.map(({ name, muted, alone, volume, pan, isUnfolded }) => [name, { muted, alone, volume, pan, isUnfolded }]),
    );
    if (this.isRemembered) store(this.key, { ...this.stored, ...mix });
    this.dispatchEvent(new Event("change"));
  }
}
