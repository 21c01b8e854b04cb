// The seconds before a song begins by itself, with a button that stops them.

import { getElement } from "stemoteca/dom";

export class Countdown {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} root
   * @param {() => void} onStopped is called when the person stops it
   */
  constructor(root, onStopped) {
    this.button = getElement(root, '[data-do="wait"]', HTMLButtonElement);
    this.sign = getElement(this.button, "[data-countdown]", HTMLElement);
    this.button.addEventListener("click", () => {
      this.stop();
      onStopped();
    });
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
      this.sign.textContent = String(left);
      this.button.hidden = false;
    };
    this.#timer = setInterval(show, 250);
    show();
  }

  stop() {
    clearInterval(this.#timer);
    this.button.hidden = true;
  }
}
