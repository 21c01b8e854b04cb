// One button: loop from here, loop to here, no loop. The keys A, B and L do each of them at any time.

import { getElement } from "stemoteca/dom";
import { formatTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */

const SIGNS = { from: "A–B", to: "A …", none: "A–B" };
const MESSAGES = { from: "loopFrom", to: "loopTo", none: "loopNone" };

export class LoopButton {
  /** @type {number | null} in frames, from where a loop begins until its end is set */
  #start = null;

  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {(sentence: string) => void} report
   */
  constructor(root, engine, report) {
    this.engine = engine;
    this.report = report;
    this.button = getElement(root, '[data-do="loop"]', HTMLButtonElement);
    this.sign = getElement(root, "[data-loop-shows]", HTMLElement);
    this.label = getElement(root, "[data-loop-does]", HTMLElement);
    this.button.addEventListener("click", () => this.press());
    engine.addEventListener("loop", () => this.show());
  }

  /** What the button does when it is pressed next. */
  get next() {
    if (this.engine.loop) return "none";
    return this.#start === null ? "from" : "to";
  }

  press() {
    if (this.next === "none") this.remove();
    else if (this.next === "from") this.startHere();
    else this.endHere();
  }

  startHere() {
    const { frame, loop } = this.engine;
    this.#start = frame;
    this.engine.setLoop(loop && loop.to > frame ? { from: frame, to: loop.to } : null);
    this.report(message("loopStart", { time: this.#time(frame) }));
  }

  endHere() {
    const from = this.#start ?? 0;
    const to = this.engine.frame;
    this.engine.setLoop({ from, to });
    if (this.engine.loop) this.report(message("loopEnd", { from: this.#time(from), to: this.#time(to) }));
    else this.remove();
  }

  remove() {
    this.#start = null;
    this.engine.setLoop(null);
    this.report(message("loopOff"));
  }

  show() {
    this.button.classList.toggle("on", this.next !== "from");
    this.sign.textContent = SIGNS[this.next];
    this.label.textContent = message(MESSAGES[this.next]);
  }

  /** @param {number} frame */
  #time(frame) {
    return formatTime(frame / this.engine.recording.rate);
  }
}
