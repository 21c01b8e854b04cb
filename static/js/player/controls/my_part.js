// "My part": the part that somebody plays themselves, and one tap to hear it alone, above the others, or not at all.
// Which part it is holds for every song; it is kept with the account, or in this browser.

import { findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { keep } from "stemoteca/player/practice";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/controls/mixer").Mixer} Mixer */
/** @typedef {import("stemoteca/player/sound/levels").Level & { name: string }} NamedLevel */
/** @typedef {"only" | "louder" | "without"} Mode */

const KEY = "stemoteca.part";
const SOFT = 50; // percent: the volume of the others while one's own part is louder
/** @type {Mode[]} */
const MODES = ["only", "louder", "without"];

/** @param {unknown} name @returns {Mode | null} */
function checked(name) {
  return MODES.find((mode) => mode === name) ?? null;
}

/**
 * Tell in which way the part called `mine` is heard; null for none of them.
 * @param {NamedLevel[]} levels
 * @param {string} mine
 * @returns {Mode | null}
 */
export function modeOf(levels, mine) {
  const own = levels.find(({ name }) => name === mine);
  const others = levels.filter((level) => level !== own);
  if (!own || others.some(({ alone }) => alone)) return null;
  if (own.muted) return own.alone ? null : "without";
  if (own.alone) return "only";
  const heard = others.filter(({ muted }) => !muted);
  return heard.length && heard.every(({ volume }) => 1.5 * volume <= own.volume) ? "louder" : null;
}

/**
 * Change the way in which the part called `mine` is heard; null for all parts together. Volumes stay but for "louder".
 * @param {NamedLevel[]} levels
 * @param {string} mine
 * @param {Mode | null} mode
 * @param {Record<string, number>} [volumes] from before it was louder; 100 where they are not known
 * @returns {NamedLevel[]}
 */
export function withMode(levels, mine, mode, volumes = {}) {
  const wasLouder = modeOf(levels, mine) === "louder";
  return levels.map((level) => {
    const isMine = level.name === mine;
    const volume = wasLouder ? (volumes[level.name] ?? 100) : level.volume;
    const louder = isMine ? Math.max(volume, 100) : Math.min(volume, SOFT);
    return {
      ...level,
      alone: isMine && mode === "only",
      muted: isMine ? mode === "without" : level.muted,
      volume: mode === "louder" ? louder : volume,
    };
  });
}

export class MyPart {
  /** @type {Record<string, number>} from before the part was louder */
  #volumes = {};
  #isChosen = false; // on this page, which is newer than what is kept

  /**
   * @param {HTMLElement} root
   * @param {Mixer} mixer
   * @param {(sentence: string) => void} report
   */
  constructor(root, mixer, report) {
    this.mixer = mixer;
    this.report = report;
    this.element = getElement(root, "[data-my-part]", HTMLElement);
    this.select = getElement(this.element, "select", HTMLSelectElement);
    this.buttons = findElements(this.element, "[data-mode]", HTMLButtonElement);
    const stored = readStored(KEY);
    this.last = checked(stored?.mode) ?? "without";
    this.#propose(stored?.instrument);
    this.select.addEventListener("change", () => {
      this.#isChosen = true;
      this.#keep();
      this.show();
    });
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.press(checked(button.dataset.mode) ?? this.last));
    }
    mixer.addEventListener("change", () => this.show());
    this.show();
  }

  get mode() {
    return modeOf(this.mixer.lanes, this.select.value);
  }

  /**
   * Follow what is kept with the account.
   * @param {import("stemoteca/player/practice").Practice} practice
   */
  follow({ instrument, my_part: mode }) {
    this.last = checked(mode) ?? this.last;
    if (instrument && !this.#isChosen) this.#propose(instrument);
    this.show();
  }

  /**
   * Choose the part if the song has it.
   * @param {unknown} instrument
   */
  #propose(instrument) {
    const lane = this.mixer.lanes.find(({ name }) => name === instrument);
    this.select.value = lane?.name ?? "";
  }

  #keep() {
    const instrument = this.select.value;
    if (!instrument) return;
    store(KEY, { instrument, mode: this.last });
    const { address } = this.element.dataset;
    if (address) keep(address, "PUT", { instrument, my_part: this.last });
  }

  /** Hear the part in the way that was chosen last, or all parts again. */
  toggle() {
    if (this.select.value) this.press(this.mode ?? this.last);
    else this.select.focus();
  }

  /**
   * Hear the part like this, or all parts again where that is so already.
   * @param {Mode} wanted
   */
  press(wanted) {
    const lane = this.mixer.lanes.find(({ name }) => name === this.select.value);
    if (!lane) return;
    const { lanes } = this.mixer;
    const before = this.mode;
    const mode = wanted === before ? null : wanted;
    const levels = withMode(lanes, lane.name, mode, this.#volumes);
    if (before !== "louder") this.#volumes = Object.fromEntries(lanes.map(({ name, volume }) => [name, volume]));
    this.mixer.setLevels(levels);
    const sentences = { only: "alone", louder: "partLouder", without: "mixWithout" };
    this.report(mode ? message(sentences[mode], { stem: lane.label, stems: lane.label }) : message("resetUndone"));
    if (!mode || mode === this.last) return;
    this.last = mode;
    this.#keep();
  }

  show() {
    const { mode } = this;
    for (const button of this.buttons) {
      button.disabled = !this.select.value;
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
  }
}
