// The seconds before a song begins by itself, with buttons that stop them.

import { findElements, getElement } from "stemoteca/dom";

export class Countdown {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} root
   * @param {() => void} onStopped is called when the person stops it
   */
  constructor(root, onStopped) {
    this.buttons = findElements(root, '[data-do="wait"]', HTMLButtonElement);
    for (const button of this.buttons) {
      button.addEventListener("click", () => {
        this.stop();
        onStopped();
      });
    }
  }

  get isRunning() {
    return this.#timer !== undefined;
  }

  /**
   * Count down, and then call `onEnd`.
   * @param {number} seconds
   * @param {() => void} onEnd
   */
  start(seconds, onEnd) {
    this.stop();
    const end = performance.now() + 1000 * seconds; // timers of a hidden page are late
    const show = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left <= 0) {
        this.stop();
        onEnd();
        return;
      }
      for (const button of this.buttons) {
        getElement(button, "[data-countdown]", HTMLElement).textContent = String(left);
        button.hidden = false;
      }
    };
    this.#timer = setInterval(show, 250);
    show();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const button of this.buttons) button.hidden = true;
  }
}
