// The time line over all lanes: marks, play head, loop; seeking with the pointer on any lane and with the keyboard.

import { closestElement, findElements, getElement } from "stemoteca/dom";
import { formatTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/timeline").Loop} Loop */

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1800]; // seconds
const LONGEST_STEP = 3600;
const DRAG = 8; // CSS pixels from which on pressing the ruler draws a loop
const MARK_WIDTH = 64; // CSS pixels that a time needs
/** @type {Record<string, number>} */
const JUMPS = { PageUp: 30, PageDown: -30, ArrowUp: 5, ArrowDown: -5 }; // seconds

/**
 * Choose the seconds between two marks, so that their times do not touch.
 * @param {number} pixelsPerSecond
 */
export function markStep(pixelsPerSecond) {
  return STEPS.find((seconds) => seconds * pixelsPerSecond >= MARK_WIDTH) ?? LONGEST_STEP;
}

export class Ruler {
  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {(loop: Loop) => void} setLoop is called while somebody drags along the ruler
   */
  constructor(root, engine, setLoop) {
    this.engine = engine;
    this.setLoop = setLoop;
    this.slider = getElement(root, "[data-ruler]", HTMLElement);
    this.canvas = getElement(this.slider, "canvas", HTMLCanvasElement);
    this.over = getElement(root, "[data-over]", HTMLElement);
    this.head = getElement(root, "[data-head]", HTMLElement);
    this.veil = getElement(root, "[data-veil]", HTMLElement);
    this.looped = getElement(root, "[data-looped]", HTMLElement);
    this.now = getElement(root, "[data-now]", HTMLElement);
    /** @type {number | null} the frame under the pointer */
    this.dragging = null;
    this.width = 0;
    this.shownSecond = -1;
    new ResizeObserver(() => this.measure()).observe(this.over);
    for (const place of [this.slider, ...findElements(root, "[data-wave]", HTMLElement)]) this.#drag(place);
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    engine.addEventListener("loop", () => this.showLoop());
    this.measure();
  }

  measure() {
    this.width = this.over.clientWidth;
    this.#marks();
    this.showLoop();
    this.show(true);
  }

  /**
   * Put head, veil and clock where the engine is.
   * @param {boolean} [force] write the clock even within the same second
   */
  show(force = false) {
    const frame = this.dragging ?? this.engine.frame;
    const share = frame / this.engine.recording.frames;
    this.head.style.transform = `translateX(${(share * this.width).toFixed(1)}px)`;
    this.veil.style.transform = `scaleX(${(1 - share).toFixed(5)})`;
    const second = Math.floor(frame / this.engine.recording.rate);
    if (second === this.shownSecond && !force) return;
    this.shownSecond = second;
    this.now.textContent = formatTime(second);
    this.slider.setAttribute("aria-valuenow", String(second));
    const values = { time: formatTime(second), length: formatTime(this.engine.seconds) };
    this.slider.setAttribute("aria-valuetext", message("position", values));
  }

  showLoop() {
    const { loop } = this.engine;
    this.looped.hidden = !loop;
    if (!loop) return;
    this.looped.style.left = `${(100 * loop.from) / this.engine.recording.frames}%`;
    this.looped.style.width = `${(100 * (loop.to - loop.from)) / this.engine.recording.frames}%`;
  }

  /** @param {HTMLElement} place that seeks when it is pressed or dragged along */
  #drag(place) {
    /** @param {PointerEvent} event */
    const frameAt = (event) => {
      const box = this.over.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      return Math.min(Math.round(share * this.engine.recording.frames), this.engine.recording.frames - 1);
    };
    let start = 0; // frame
    let x = 0;
    let draws = false; // a loop, instead of seeking
    place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (closestElement(event.target, "button, input, label, audio, [data-edge]")) return;
      place.setPointerCapture(event.pointerId);
      start = frameAt(event);
      x = event.clientX;
      draws = false;
      this.dragging = start;
      this.show();
    });
    place.addEventListener("pointermove", (event) => {
      if (this.dragging === null) return;
      draws ||= place === this.slider && Math.abs(event.clientX - x) >= DRAG;
      const frame = frameAt(event);
      if (draws) this.setLoop({ from: Math.min(start, frame), to: Math.max(start, frame) });
      else this.dragging = frame;
      this.show();
    });
    place.addEventListener("pointerup", () => {
      if (this.dragging === null) return;
      const frame = draws ? (this.engine.loop?.from ?? this.dragging) : this.dragging;
      this.dragging = null;
      this.engine.seek(frame);
      this.show(true);
    });
    place.addEventListener("pointercancel", () => {
      this.dragging = null; // the finger scrolled the page
      this.show(true);
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const jump = JUMPS[event.key];
    if (event.key === "End") this.engine.seek(this.engine.recording.frames - this.engine.recording.rate);
    else if (jump) this.engine.seek(this.engine.frame + jump * this.engine.recording.rate);
    else return;
    event.preventDefault();
    this.show(true);
  }

  #marks() {
    const height = this.canvas.clientHeight;
    const pen = this.canvas.getContext("2d");
    if (!this.width || !height || !pen) return;
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * density);
    this.canvas.height = Math.round(height * density);
    const style = getComputedStyle(this.slider);
    pen.scale(density, density);
    pen.fillStyle = style.color;
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const perSecond = this.width / this.engine.seconds;
    const step = markStep(perSecond);
    for (let second = 0; second < this.engine.seconds; second += step) {
      const x = second * perSecond;
      pen.fillRect(Math.round(x), height - 8, 1, 8);
      if (x + MARK_WIDTH / 2 < this.width) pen.fillText(formatTime(second), Math.round(x) + 4, height - 8);
    }
  }
}
