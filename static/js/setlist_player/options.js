// How a setlist is played: pause between the songs, round and round, in which order. Remembered in this browser.

import { getElement } from "stemoteca/dom";
import { readStored, store } from "stemoteca/storage";

const KEY = "stemoteca.setlist";

/** Event: "change", with `detail` "pause", "repeat" or "shuffle". */
export class Options extends EventTarget {
  /** @param {HTMLElement} root */
  constructor(root) {
    super();
    const stored = readStored(KEY) ?? {};
    this.select = getElement(root, "[data-pause]", HTMLSelectElement);
    if ([...this.select.options].some(({ value }) => value === stored.pause)) this.select.value = stored.pause;
    this.select.addEventListener("change", () => this.#change("pause"));
    this.repeat = this.#toggle(root, "repeat", stored.repeat === true);
    this.shuffle = this.#toggle(root, "shuffle", stored.shuffle === true);
  }

  /** Seconds between two songs; null to wait for the person. */
  get pause() {
    return this.select.value === "wait" ? null : Number(this.select.value);
  }

  get repeats() {
    return isPressed(this.repeat);
  }

  get shuffles() {
    return isPressed(this.shuffle);
  }

  /**
   * @param {HTMLElement} root
   * @param {"repeat" | "shuffle"} name
   * @param {boolean} isOn
   */
  #toggle(root, name, isOn) {
    const button = getElement(root, `[data-do="${name}"]`, HTMLButtonElement);
    button.setAttribute("aria-pressed", String(isOn));
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isPressed(button)));
      this.#change(name);
    });
    return button;
  }

  /** @param {string} name */
  #change(name) {
    store(KEY, { pause: this.select.value, repeat: this.repeats, shuffle: this.shuffles });
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }
}

/** @param {HTMLButtonElement} button */
function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}
