// The time line over all lanes: times, bars and beats, play head, loop; seeking with the pointer on any lane and with the
// keyboard.

import { firstBeatFrom } from "stemoteca/beats/grid";
import { closestElement, findElements, getElement } from "stemoteca/dom";
import { formatTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/timeline").Loop} Loop */
/** @typedef {import("stemoteca/player/view").View} View */
/** @typedef {import("stemoteca/beats/grid").Beat} Beat */

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1800]; // seconds
const FINE_STEPS = [1, 2, ...STEPS]; // where it is zoomed
const LONGEST_STEP = 3600;
const DRAG = 8; // CSS pixels from which on pressing the ruler draws a loop
const MARK_WIDTH = 64; // CSS pixels that a time needs
const TICKS = { time: 8, bar: 14, beat: 5 }; // CSS pixels
const PLACES = 4; // of the play head in each CSS pixel: styles are computed for each, and are garbage then
const CLOSEST = 5; // CSS pixels between two beats, or two bars, that are drawn
/** @type {Record<string, number>} */
const JUMPS = { PageUp: 30, PageDown: -30, ArrowUp: 5, ArrowDown: -5 }; // seconds

/**
 * Choose the seconds between two marks, so that their times do not touch.
 * @param {number} pixelsPerSecond
 * @param {number[]} [steps] to choose from
 */
export function markStep(pixelsPerSecond, steps = STEPS) {
  return steps.find((seconds) => seconds * pixelsPerSecond >= MARK_WIDTH) ?? LONGEST_STEP;
}

/**
 * Choose the beats within frames of the song that can be drawn: all, those with which bars begin, or none.
 * @param {Beat[]} beats
 * @param {number} from
 * @param {number} to
 * @param {number} width in CSS pixels
 */
export function beatMarks(beats, from, to, width) {
  const shown = beats.slice(firstBeatFrom(beats, from), firstBeatFrom(beats, to + 1));
  const ones = shown.filter(({ place }) => place === 0);
  return [shown, ones].find((some) => some.length * CLOSEST <= width) ?? [];
}

export class Ruler {
  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {View} view
   * @param {(loop: Loop, isExact: boolean) => void} drawLoop is called while somebody drags along the ruler
   */
  constructor(root, engine, view, drawLoop) {
    this.engine = engine;
    this.view = view;
    this.drawLoop = drawLoop;
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
    this.shownPlace = -1; // CSS pixels
    new ResizeObserver(() => this.measure()).observe(this.over);
    const waves = findElements(root, "[data-wave]:not([data-parts] *)", HTMLElement);
    for (const place of [this.slider, ...waves]) this.listen(place);
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    engine.addEventListener("loop", () => this.showLoop());
    engine.metronome.addEventListener("beats", () => this.measure());
    view.addEventListener("change", () => this.measure());
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
    const share = this.view.shareWithin(frame);
    this.head.hidden = !this.view.shows(frame);
    const place = Math.round(share * this.width * PLACES) / PLACES;
    if (place !== this.shownPlace || force) {
      this.shownPlace = place;
      this.head.style.transform = `translateX(${place}px)`;
      this.veil.style.transform = `scaleX(${(1 - share).toFixed(5)})`;
    }
    const second = Math.floor(frame / this.engine.recording.rate);
    if (second === this.shownSecond && !force) return;
    this.shownSecond = second;
    this.now.textContent = formatTime(second);
    this.slider.setAttribute("aria-valuenow", String(second));
    const values = { time: formatTime(second), length: formatTime(this.engine.seconds) };
    this.slider.setAttribute("aria-valuetext", message("position", values));
  }

  /** The milliseconds in which the play head moves from one place to the next. */
  get pause() {
    const { recording, stretch } = this.engine;
    const shown = (1000 * this.view.length) / recording.rate / (stretch.speed / 100);
    return shown / (PLACES * Math.max(this.width, 1));
  }

  showLoop() {
    const { loop } = this.engine;
    const [from, to] = loop ? [this.view.shareWithin(loop.from), this.view.shareWithin(loop.to)] : [0, 0];
    this.looped.hidden = !loop || to <= from;
    this.looped.classList.toggle("begins-before", loop !== null && !this.view.shows(loop.from));
    this.looped.classList.toggle("ends-behind", loop !== null && !this.view.shows(loop.to));
    this.looped.style.left = `${100 * from}%`;
    this.looped.style.width = `${100 * (to - from)}%`;
  }

  /** @param {HTMLElement} place that seeks when it is pressed or dragged along */
  listen(place) {
    /** @param {PointerEvent} event */
    const frameAt = (event) => {
      const box = this.over.getBoundingClientRect();
      const frame = this.view.drag((event.clientX - box.left) / box.width);
      return Math.min(frame, this.engine.recording.frames - 1);
    };
    let start = 0; // frame
    let x = 0;
    let draws = false; // a loop, instead of seeking
    place.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary) this.dragging = null; // two fingers zoom
      if (event.button !== 0 || !event.isPrimary) return;
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
      if (draws) this.drawLoop({ from: Math.min(start, frame), to: Math.max(start, frame) }, event.altKey);
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
    if (!jump) return;
    this.engine.seek(this.engine.frame + jump * this.engine.recording.rate);
    this.view.reveal(this.engine.frame);
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
    const { rate } = this.engine.recording;
    const { from, length, zoom } = this.view;
    const perSecond = (this.width * rate) / length;
    const step = markStep(perSecond, zoom > 1 ? FINE_STEPS : STEPS);
    for (let second = step * Math.ceil(from / rate / step); second < (from + length) / rate; second += step) {
      const x = this.view.share(second * rate) * this.width;
      pen.fillRect(Math.round(x), height - TICKS.time, 1, TICKS.time);
      if (x + MARK_WIDTH / 2 < this.width) pen.fillText(formatTime(second), Math.round(x) + 4, height - TICKS.time);
    }
    for (const { frame, place } of beatMarks(this.engine.metronome.beats, from, from + length, this.width)) {
      const tick = place === 0 ? TICKS.bar : TICKS.beat;
      pen.globalAlpha = place === 0 ? 1 : 0.5;
      pen.fillRect(Math.round(this.view.share(frame) * this.width), 0, place === 0 ? 2 : 1, tick);
    }
  }
}
