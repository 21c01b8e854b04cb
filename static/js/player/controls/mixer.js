// Mute, solo and volume of every lane; remembered for each song in this browser.

import { getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { levelFrom, loudness } from "stemoteca/player/sound/levels";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {ReturnType<Mixer["makeLane"]>} Lane */

const KEY = "stemoteca.mix.";

/** Event: "change", after whatever changed. */
export class Mixer extends EventTarget {
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
    this.lanes = engine.recording.stems.map((stem, index) => this.makeLane(stem.name, index));
    this.apply();
  }

  /**
   * @param {string} name
   * @param {number} index
   */
  makeLane(name, index) {
    const element = getElement(this.root, `[data-lane="${name}"]`, HTMLElement);
    const lane = {
      ...levelFrom(this.stored[name]),
      index,
      name,
      label: element.getAttribute("aria-label") ?? name,
      element,
      mute: getElement(element, ".mute", HTMLButtonElement),
      solo: getElement(element, ".solo", HTMLButtonElement),
      range: getElement(element, "input[type=range]", HTMLInputElement),
    };
    lane.mute.addEventListener("click", () => this.toggleMute(lane));
    lane.solo.addEventListener("click", () => this.toggleSolo(lane));
    lane.range.addEventListener("input", () => {
      lane.volume = Number(lane.range.value);
      this.apply();
    });
    return lane;
  }

  /** @param {Lane} lane */
  toggleMute(lane) {
    lane.muted = !lane.muted;
    this.report(message(lane.muted ? "muted" : "heard", { stem: lane.label }));
    this.apply();
  }

  /** @param {Lane} lane */
  toggleSolo(lane) {
    lane.alone = !lane.alone;
    const alone = this.lanes.filter((each) => each.alone).map((each) => each.label);
    this.report(alone.length ? message("alone", { stem: alone.join(", ") }) : message("reset"));
    this.apply();
  }

  reset() {
    for (const lane of this.lanes) Object.assign(lane, levelFrom(null));
    this.report(message("reset"));
    this.apply();
  }

  /**
   * How loud a lane is now, 0 to 1.
   * @param {Lane} lane
   */
  loudness(lane) {
    return loudness(lane, this.lanes);
  }

  /** Make page, sound and what is remembered say the same as the lanes. */
  apply() {
    for (const lane of this.lanes) {
      const gain = this.loudness(lane);
      lane.mute.setAttribute("aria-pressed", String(lane.muted));
      lane.solo.setAttribute("aria-pressed", String(lane.alone));
      lane.range.value = String(lane.volume);
      lane.range.setAttribute("aria-valuetext", message("volume", { percent: lane.volume }));
      lane.range.style.setProperty("--at", `${lane.volume}%`);
      lane.element.classList.toggle("is-silent", gain === 0);
      lane.element.classList.toggle("is-soloed", lane.alone && !lane.muted);
      this.engine.setLevel(lane.index, { volume: gain, pan: 0 });
    }
    const mix = Object.fromEntries(
      this.lanes.map(({ name, muted, alone, volume }) => [name, { muted, alone, volume }]),
    );
    store(this.key, { ...this.stored, ...mix });
    this.dispatchEvent(new Event("change"));
  }
}
