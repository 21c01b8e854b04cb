// The loop: one button and the keys A, B and L, two handles on the ruler, dragging along it, and the address.

import { findElements, getElement } from "stemoteca/dom";
import { formatDecimal, formatExactTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/timeline").Loop} Loop */
/** @typedef {"from" | "to"} Edge */

const SIGNS = { from: "A–B", to: "A …", none: "A–B" };
const MESSAGES = { from: "loopFrom", to: "loopTo", none: "loopNone" };
const NUDGE = { plain: 0.1, shift: 1 }; // seconds
const SHORTEST = 0.3; // seconds

/**
 * Read a loop from an address: `?from=12.5&to=20.25`, in seconds; null where there is none.
 * @param {URLSearchParams} query
 * @param {number} rate in hertz
 * @param {number} frames of the song
 * @returns {Loop | null}
 */
export function loopFrom(query, rate, frames) {
  const [from = NaN, to = NaN] = ["from", "to"].map((name) => Math.round(rate * Number(query.get(name) ?? NaN)));
  return from >= 0 && to > from && from < frames ? { from, to: Math.min(to, frames) } : null;
}

export class LoopControls {
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
    this.area = getElement(root, "[data-loop-handles]", HTMLElement);
    this.handles = findElements(this.area, "[data-edge]", HTMLElement);
    this.button.addEventListener("click", () => this.press());
    for (const handle of this.handles) this.#listen(handle, handle.dataset.edge === "from" ? "from" : "to");
    engine.addEventListener("loop", () => {
      this.show();
      this.#writeAddress();
    });
    const { rate, frames } = engine.recording;
    const loop = loopFrom(new URL(location.href).searchParams, rate, frames);
    if (loop) {
      engine.setLoop(loop);
      engine.seek(loop.from);
    }
    this.show();
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
    const [start, here] = [this.#start ?? 0, this.engine.frame];
    this.set({ from: Math.min(start, here), to: Math.max(start, here) });
    if (!this.engine.loop) this.remove();
  }

  remove() {
    this.#start = null;
    this.engine.setLoop(null);
    this.report(message("loopOff"));
  }

  /** @param {Loop} loop */
  set(loop) {
    this.engine.setLoop(loop);
    if (!this.engine.loop) return;
    const { from, to } = this.engine.loop;
    this.#start = from;
    this.report(message("loopEnd", { from: this.#time(from), to: this.#time(to) }));
  }

  show() {
    const { loop } = this.engine;
    const { frames, rate } = this.engine.recording;
    this.button.classList.toggle("on", this.next !== "from");
    this.sign.textContent = SIGNS[this.next];
    this.label.textContent = message(MESSAGES[this.next]);
    this.area.hidden = !loop;
    for (const handle of this.handles) {
      const frame = loop?.[handle.dataset.edge === "from" ? "from" : "to"] ?? 0;
      handle.style.left = `${(100 * frame) / frames}%`;
      handle.setAttribute("aria-valuenow", formatDecimal(frame / rate, 1));
      handle.setAttribute("aria-valuetext", `${this.#time(frame)} (${formatDecimal(frame / rate, 1)} s)`);
    }
  }

  /**
   * Move one end of the loop; it stays on its side of the other one.
   * @param {Edge} edge
   * @param {number} frame
   */
  #move(edge, frame) {
    const { loop, recording } = this.engine;
    if (!loop) return;
    const shortest = Math.ceil(SHORTEST * recording.rate);
    const from = edge === "from" ? Math.min(Math.max(Math.round(frame), 0), loop.to - shortest) : loop.from;
    const to = edge === "to" ? Math.max(Math.min(Math.round(frame), recording.frames), loop.from + shortest) : loop.to;
    this.set({ from, to });
  }

  /**
   * @param {HTMLElement} handle
   * @param {Edge} edge
   */
  #listen(handle, edge) {
    let isHeld = false;
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      isHeld = true;
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!isHeld) return;
      const box = this.area.getBoundingClientRect();
      this.#move(edge, ((event.clientX - box.left) / box.width) * this.engine.recording.frames);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        isHeld = false;
      });
    }
    handle.addEventListener("keydown", (event) => {
      const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const step = event.shiftKey ? NUDGE.shift : NUDGE.plain;
      this.#move(edge, (this.engine.loop?.[edge] ?? 0) + direction * step * this.engine.recording.rate);
    });
  }

  #writeAddress() {
    const address = new URL(location.href);
    const { loop, recording } = this.engine;
    for (const edge of /** @type {Edge[]} */ (["from", "to"])) {
      if (loop) address.searchParams.set(edge, formatDecimal(loop[edge] / recording.rate, 3));
      else address.searchParams.delete(edge);
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }

  /** @param {number} frame */
  #time(frame) {
    return formatExactTime(Math.round((10 * frame) / this.engine.recording.rate) / 10);
  }
}
