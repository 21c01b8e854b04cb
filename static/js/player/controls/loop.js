// The loop: one button and the keys A, B and L, two handles on the ruler, dragging along it, and the address. Its ends
// snap to the beats of the song, if it has any and unless Alt is held.

import { firstBeatFrom, nextBeat, snapToBeat } from "stemoteca/beats/grid";
import { findElements, getElement } from "stemoteca/dom";
import { formatDecimal, formatExactTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/timeline").Loop} Loop */
/** @typedef {import("stemoteca/player/view").View} View */
/** @typedef {"from" | "to"} Edge */

const SIGNS = { from: "A–B", to: "A …", none: "A–B" };
const MESSAGES = { from: "loopFrom", to: "loopTo", none: "loopNone" };
const NUDGE = { plain: 0.1, shift: 1 }; // seconds
const SHORTEST = 0.3; // seconds
const PLACES = 5; // decimals of a second: exact to the frame
/** @type {Record<string, number>} */
const ARROWS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
/** @type {Record<string, number>} */
const PAGES = { PageUp: 1, PageDown: -1 };

/**
 * Read a loop from an address: `?from=12.5&to=20.25`, in seconds; null where there is none. `to` alone: from the song's
 * beginning on.
 * @param {URLSearchParams} query
 * @param {number} rate in hertz
 * @param {number} frames of the song
 * @returns {Loop | null}
 */
export function loopFrom(query, rate, frames) {
  const from = query.has("from") ? frameIn(query, "from", rate) : 0;
  const to = frameIn(query, "to", rate);
  return from >= 0 && to > from && from < frames ? { from, to: Math.min(to, frames) } : null;
}

/**
 * Read where to begin from an address with `from` alone; null where there is nothing like that.
 * @param {URLSearchParams} query
 * @param {number} rate in hertz
 * @param {number} frames of the song
 */
export function startFrom(query, rate, frames) {
  const from = frameIn(query, "from", rate);
  return !query.has("to") && from >= 0 && from < frames ? from : null;
}

/**
 * @param {URLSearchParams} query
 * @param {Edge} name
 * @param {number} rate in hertz
 */
function frameIn(query, name, rate) {
  return Math.round(rate * Number(query.get(name) || NaN));
}

export class LoopControls {
  /** @type {number | null} in frames, from where a loop begins until its end is set */
  #start = null;

  /**
   * @param {HTMLElement} root
   * @param {Engine} engine
   * @param {View} view
   * @param {import("stemoteca/player/address").PlayerAddress} address
   * @param {(sentence: string) => void} report
   */
  constructor(root, engine, view, address, report) {
    this.address = address;
    this.engine = engine;
    this.view = view;
    this.report = report;
    this.button = getElement(root, '[data-do="loop"]', HTMLButtonElement);
    this.sign = getElement(root, "[data-loop-shows]", HTMLElement);
    this.label = getElement(root, "[data-loop-does]", HTMLElement);
    this.snap = getElement(root, "[data-snap]", HTMLInputElement);
    this.area = getElement(root, "[data-loop-handles]", HTMLElement);
    this.handles = findElements(this.area, "[data-edge]", HTMLElement);
    this.button.addEventListener("click", () => this.press());
    for (const handle of this.handles) this.#listen(handle, handle.dataset.edge === "from" ? "from" : "to");
    engine.addEventListener("loop", () => {
      this.show();
      this.#writeAddress();
    });
    engine.metronome.addEventListener("beats", () => this.show());
    view.addEventListener("change", () => this.show());
    new ResizeObserver(() => this.show()).observe(this.area);
    const { rate, frames } = engine.recording;
    const loop = loopFrom(address.query, rate, frames);
    const start = startFrom(address.query, rate, frames);
    if (loop) engine.setLoop(loop);
    else if (start === null) this.#writeAddress();
    const begin = engine.loop?.from ?? start;
    if (begin !== null) engine.seek(begin);
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
    const { loop } = this.engine;
    const frame = this.#snapped(this.engine.frame);
    this.#start = frame;
    this.engine.setLoop(loop && loop.to > frame ? { from: frame, to: loop.to } : null);
    this.report(message("loopStart", { time: this.#time(frame) }));
  }

  endHere() {
    const [start, here] = [this.#start ?? 0, this.#snapped(this.engine.frame)];
    if (Math.abs(here - start) < this.#shortest) this.report(message("loopShort", { seconds: SHORTEST }));
    else this.set({ from: Math.min(start, here), to: Math.max(start, here) });
  }

  remove() {
    this.#start = null;
    this.engine.setLoop(null);
    this.report(message("loopOff"));
  }

  /** @param {Loop} loop */
  set(loop) {
    this.#start = null;
    this.engine.setLoop(loop);
    if (!this.engine.loop) {
      this.report(message("loopShort", { seconds: SHORTEST }));
      return;
    }
    const { from, to } = this.engine.loop;
    this.#start = from;
    this.report(message("loopEnd", { from: this.#time(from), to: this.#time(to) }));
  }

  /**
   * Set a loop that is drawn along the ruler.
   * @param {Loop} loop
   * @param {boolean} isExact whether it does not snap to the beats
   */
  draw({ from, to }, isExact) {
    this.set({ from: this.#snapped(from, isExact), to: this.#snapped(to, isExact) });
  }

  get #shortest() {
    return Math.ceil(SHORTEST * this.engine.recording.rate);
  }

  /**
   * @param {number} frame
   * @param {boolean} [isExact]
   */
  #snapped(frame, isExact = false) {
    if (isExact || !this.snap.checked) return frame;
    return snapToBeat(this.engine.metronome.beats, frame, this.engine.recording.frames);
  }

  /**
   * Where an end is, in frames; null while it is not set.
   * @param {Edge} edge
   */
  #frame(edge) {
    return this.engine.loop?.[edge] ?? (edge === "from" ? this.#start : null);
  }

  show() {
    const { rate } = this.engine.recording;
    this.button.classList.toggle("on", this.next !== "from");
    this.sign.textContent = SIGNS[this.next];
    this.label.textContent = message(MESSAGES[this.next]);
    this.area.hidden = this.#frame("from") === null;
    const width = this.area.clientWidth;
    for (const handle of this.handles) {
      const edge = handle.dataset.edge === "from" ? "from" : "to";
      const frame = this.#frame(edge);
      handle.hidden = frame === null || !this.view.shows(frame);
      if (frame === null) continue;
      const x = this.view.share(frame) * width;
      handle.style.left = `${x}px`;
      // Where it would not be seen beside the loop, it is within.
      handle.classList.toggle("is-within", edge === "from" ? x < handle.offsetWidth : x + handle.offsetWidth > width);
      handle.setAttribute("aria-valuenow", formatDecimal(frame / rate, 1));
      handle.setAttribute("aria-valuetext", `${this.#time(frame)} (${this.#position(frame)})`);
    }
  }

  /**
   * Say where a frame is: "bar 5, beat 2" where a beat is, else "12.3 s".
   * @param {number} frame
   */
  #position(frame) {
    const { beats } = this.engine.metronome;
    const beat = beats[firstBeatFrom(beats, frame)];
    if (beat?.frame === frame) return message("loopBeat", { bar: beat.bar, beat: beat.place + 1 });
    return `${formatDecimal(frame / this.engine.recording.rate, 1)} s`;
  }

  /**
   * Move one end of the loop; it stays on its side of the other one.
   * @param {Edge} edge
   * @param {number} frame
   * @param {boolean} isExact whether it does not snap to the beats
   */
  #move(edge, frame, isExact) {
    const { loop, recording } = this.engine;
    const goal = this.#snapped(Math.min(Math.max(Math.round(frame), 0), recording.frames), isExact);
    if (loop && edge === "from") this.set({ from: Math.min(goal, loop.to - this.#shortest), to: loop.to });
    else if (loop) this.set({ from: loop.from, to: Math.max(goal, loop.from + this.#shortest) });
    else {
      this.#start = goal;
      this.show();
      this.report(message("loopStart", { time: this.#time(goal) }));
    }
  }

  /**
   * Move one end of the loop by a key; returns whether the key means something here.
   * @param {Edge} edge
   * @param {KeyboardEvent} event
   */
  #key(edge, event) {
    const frame = this.#frame(edge) ?? 0;
    const direction = ARROWS[event.key] ?? PAGES[event.key];
    if (!direction || event.metaKey || event.altKey) return false;
    if (event.ctrlKey || event.key in PAGES) {
      const beat = nextBeat(this.engine.metronome.beats, frame, direction);
      if (beat === null) return this.engine.metronome.beats.length > 0;
      this.#move(edge, beat, true);
    } else {
      const step = event.shiftKey ? NUDGE.shift : NUDGE.plain;
      this.#move(edge, frame + direction * step * this.engine.recording.rate, true);
    }
    this.view.reveal(this.#frame(edge) ?? 0);
    return true;
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
      this.#move(edge, this.view.drag((event.clientX - box.left) / box.width), event.altKey);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        isHeld = false;
      });
    }
    handle.addEventListener("keydown", (event) => {
      if (!this.#key(edge, event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #writeAddress() {
    const { loop, recording } = this.engine;
    this.address.change((query) => {
      for (const edge of /** @type {Edge[]} */ (["from", "to"])) {
        if (loop) query.set(edge, formatDecimal(loop[edge] / recording.rate, PLACES));
        else query.delete(edge);
      }
    });
  }

  /** @param {number} frame */
  #time(frame) {
    return formatExactTime(Math.round((10 * frame) / this.engine.recording.rate) / 10);
  }
}
