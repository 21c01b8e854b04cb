// Speed and key of what plays: two menus with steps, fields and sliders, one button that undoes both, and the address of
// the page, which says what is heard.

import { findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { LIMITS, stretchFrom, UNSTRETCHED, writeStretch } from "stemoteca/player/sound/stretch";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {keyof import("stemoteca/player/sound/stretch").Stretch} Name */

const SPEED_STEP = 5; // percent, of the keys

/** @param {string | undefined} name @returns {Name} */
function checked(name) {
  if (!name || !(name in LIMITS)) throw new Error(`nothing is called ${name}`);
  return /** @type {Name} */ (name);
}

/**
 * Write a number with its sign: -2 -> "−2", 2 -> "+2".
 * @param {number} value
 */
export function signed(value) {
  return value > 0 ? `+${value}` : String(value).replace("-", "−");
}

export class StretchControls {
  /** @type {number | null} the speed with which the trainer began, while it changes it */
  start = null;

  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {import("stemoteca/player/address").PlayerAddress} address
   * @param {(sentence: string) => void} report
   */
  constructor(root, engine, address, report) {
    this.engine = engine;
    this.address = address;
    this.report = report;
    this.speed = getElement(root, "[data-speed-shows]", HTMLElement);
    this.key = getElement(root, "[data-key-shows]", HTMLElement);
    this.undo = getElement(root, '[data-do="unstretch"]', HTMLButtonElement);
    this.fields = findElements(root, "[data-value], [data-range]", HTMLInputElement);
    for (const button of findElements(root, "[data-step]", HTMLButtonElement)) {
      const [name, step] = (button.dataset.step ?? "").split(" ");
      button.setAttribute("aria-label", message(`${name}Step`, { step: signed(Number(step)) }));
      button.addEventListener("click", () => this.step(checked(name), Number(step)));
    }
    for (const field of this.fields) {
      const name = checked(field.dataset.value ?? field.dataset.range);
      // A number that is being typed is none yet.
      field.addEventListener(field.dataset.range ? "input" : "change", () => {
        this.set({ [name]: Number.parseFloat(field.value) });
      });
    }
    for (const menu of findElements(root, "[data-stretch]", HTMLDetailsElement)) {
      menu.addEventListener("toggle", () => engine.source.renderer.prepare());
    }
    this.undo.addEventListener("click", () => {
      const isByKeyboard = this.undo.matches(":focus-visible");
      this.reset();
      if (isByKeyboard) getElement(root, "[data-stretch] summary", HTMLElement).focus();
    });
    engine.addEventListener("stretch", (event) => {
      this.show();
      this.#writeAddress();
      if (event instanceof CustomEvent) report(message(event.detail));
    });
    engine.setStretch(stretchFrom(address.query));
    this.show();
  }

  /** What address and settings keep: of a speed that the trainer changes, the one with which it began. */
  get kept() {
    const { stretch } = this.engine;
    return { ...stretch, speed: this.start ?? stretch.speed };
  }

  /** @param {Partial<import("stemoteca/player/sound/stretch").Stretch>} changes */
  set(changes) {
    if (changes.speed !== undefined) this.start = null;
    this.engine.setStretch(changes);
    this.show(); // also what was out of its limits
    this.#writeAddress(); // also where the trainer had come as far
    this.report(message("stretched", this.#values()));
  }

  /**
   * Play the next pass of a loop at another speed.
   * @param {number} speed in percent
   */
  train(speed) {
    this.start ??= this.engine.stretch.speed;
    this.engine.setStretch({ speed });
    this.report(message("stretched", this.#values()));
  }

  /**
   * @param {Name} name
   * @param {number} step
   */
  step(name, step) {
    this.set({ [name]: this.engine.stretch[name] + step });
  }

  faster() {
    this.step("speed", SPEED_STEP);
  }

  slower() {
    this.step("speed", -SPEED_STEP);
  }

  reset() {
    this.set(UNSTRETCHED);
  }

  #values() {
    const { speed, semitones, cents } = this.engine.stretch;
    const key = [signed(semitones), ...(cents ? [message("cents", { cents: signed(cents) })] : [])].join(" ");
    return { speed, key };
  }

  show() {
    const { speed, key } = this.#values();
    this.speed.textContent = `${speed} %`;
    this.key.textContent = key;
    this.speed.closest("summary")?.classList.toggle("on", speed !== 100);
    this.key.closest("summary")?.classList.toggle("on", key !== "0");
    this.undo.classList.toggle("is-unneeded", speed === 100 && key === "0");
    for (const field of this.fields) {
      const name = checked(field.dataset.value ?? field.dataset.range);
      field.value = String(this.engine.stretch[name]);
      if (field.type === "range") field.setAttribute("aria-valuetext", name === "speed" ? `${speed} %` : key);
    }
  }

  #writeAddress() {
    this.address.change((query) => writeStretch(query, this.kept));
  }
}
