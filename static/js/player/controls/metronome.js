// Metronome and count-in: a button, a menu with their settings, which are remembered in this browser, and the numbers
// that are counted.

import { callApi, NetworkError } from "stemoteca/api";
import { countBeats } from "stemoteca/beats/grid";
import { findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { MOST_BARS } from "stemoteca/player/sound/clicks";
import { levelFrom } from "stemoteca/player/sound/levels";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */

const KEY = "stemoteca.metronome";

/**
 * Read what was remembered; whatever is missing or makes no sense is as at first.
 * @param {any} stored
 * @returns {{ volume: number, bars: number, snaps: boolean }} `volume` in percent, `bars` of the count-in
 */
export function settingsFrom(stored) {
  const bars = Number.isInteger(stored?.bars) ? Math.min(Math.max(stored.bars, 0), MOST_BARS) : 0;
  return { volume: levelFrom(stored).volume, bars, snaps: stored?.snaps !== false };
}

export class MetronomeControls {
  #known = false; // whether there are beats
  #drawing = 0;

  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {(sentence: string) => void} report
   */
  constructor(root, engine, report) {
    this.metronome = engine.metronome;
    this.engine = engine;
    this.report = report;
    this.button = getElement(root, '[data-do="metronome"]', HTMLButtonElement);
    this.menu = getElement(root, "[data-beats]", HTMLDetailsElement);
    this.none = getElement(this.menu, "[data-beats-none]", HTMLElement);
    this.some = getElement(this.menu, "[data-beats-some]", HTMLElement);
    this.volume = getElement(this.menu, "[data-click-volume]", HTMLInputElement);
    this.bars = findElements(this.menu, "[name=count-in]", HTMLInputElement);
    this.barsShown = getElement(this.menu, "[data-bars-show]", HTMLElement);
    this.snap = getElement(this.menu, "[data-snap]", HTMLInputElement);
    this.number = getElement(root, "[data-count]", HTMLElement);
    const settings = settingsFrom(readStored(KEY));
    this.metronome.choose({ volume: settings.volume, bars: settings.bars });
    this.snap.checked = settings.snaps;
    this.button.addEventListener("click", () => this.toggle());
    this.volume.addEventListener("input", () => this.#choose({ volume: Number(this.volume.value) }));
    for (const field of this.bars) {
      field.addEventListener("change", () => this.#choose({ bars: Number(field.value) }));
    }
    this.snap.addEventListener("change", () => this.#choose({}));
    engine.addEventListener("state", () => this.#showCount());
    this.metronome.addEventListener("choice", () => this.#show());
    this.#show();
    this.metronome.ready = this.#load();
  }

  async #load() {
    const { beats } = this.menu.dataset;
    if (!beats) return; // the song is in this browser only
    try {
      const { ok, body } = await callApi(beats);
      this.#known = ok;
      if (ok) this.metronome.setBeats(countBeats(body.beats, body.bars));
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error; // the song plays all the same
    }
    this.#show();
  }

  async toggle() {
    await this.metronome.ready;
    if (!this.#known) await this.#load();
    if (!this.metronome.beats.length) {
      this.report(message(this.#known ? "beatsNone" : "beatsUnknown"));
      setTimeout(() => {
        this.menu.open = true; // after the click, which closes menus
      });
      return;
    }
    const isOn = !this.metronome.choice.isOn;
    this.metronome.choose({ isOn });
    this.report(message(isOn ? "metronomeOn" : "metronomeOff"));
  }

  /** @param {{ volume?: number, bars?: number }} changes */
  #choose(changes) {
    this.metronome.choose(changes);
    store(KEY, { ...settingsFrom(readStored(KEY)), ...changes, snaps: this.snap.checked });
  }

  #show() {
    const { beats, choice } = this.metronome;
    this.button.setAttribute("aria-pressed", String(choice.isOn));
    this.none.hidden = !this.#known || beats.length > 0;
    this.some.hidden = !beats.length;
    this.volume.value = String(choice.volume);
    this.volume.setAttribute("aria-valuetext", message("volume", { percent: choice.volume }));
    for (const field of this.bars) field.checked = Number(field.value) === choice.bars;
    this.barsShown.textContent = String(this.metronome.bars);
    this.barsShown.closest("summary")?.classList.toggle("on", this.metronome.bars > 0);
  }

  /** Show the number that is counted, until the music begins. */
  #showCount() {
    cancelAnimationFrame(this.#drawing);
    const wasCounting = !this.number.hidden;
    const { isCounting, counted } = this.metronome;
    this.number.hidden = !isCounting;
    if (isCounting) {
      this.number.textContent = String(counted ?? "");
      this.#drawing = requestAnimationFrame(() => this.#showCount());
    } else if (wasCounting && this.engine.state === "playing") this.report(message("playing"));
  }
}
