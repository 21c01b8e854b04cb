// The time line over all lanes: marks, play head, loop; seeking with the pointer on any lane and with the keyboard.

import { clock, say } from "stemoteca/words";

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1800];
const ROOM = 64; // CSS pixels that a time needs

export class Ruler {
  constructor(root, engine) {
    this.engine = engine;
    this.slider = root.querySelector("[data-ruler]");
    this.canvas = this.slider.querySelector("canvas");
    this.head = root.querySelector("[data-head]");
    this.veil = root.querySelector("[data-veil]");
    this.looped = root.querySelector("[data-looped]");
    this.over = this.head.parentElement;
    this.now = root.querySelector("[data-now]");
    this.dragging = null;
    this.width = 0;
    this.spoken = -1;
    new ResizeObserver(() => this.measure()).observe(this.over);
    for (const place of [this.slider, ...root.querySelectorAll("[data-wave]")]) this.#drag(place);
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

  /** Put head, veil and clock where the engine is. */
  show(force = false) {
    const frame = this.dragging ?? this.engine.frame;
    const share = frame / this.engine.set.frames;
    this.head.style.transform = `translateX(${(share * this.width).toFixed(1)}px)`;
    this.veil.style.transform = `scaleX(${(1 - share).toFixed(5)})`;
    const second = Math.floor(frame / this.engine.set.rate);
    if (second === this.spoken && !force) return;
    this.spoken = second;
    this.now.textContent = clock(second);
    this.slider.setAttribute("aria-valuenow", second);
    const values = { time: clock(second), length: clock(this.engine.seconds) };
    this.slider.setAttribute("aria-valuetext", say("position", values));
  }

  showLoop() {
    const { loop } = this.engine;
    this.looped.hidden = !loop;
    if (!loop) return;
    this.looped.style.left = `${(100 * loop.from) / this.engine.set.frames}%`;
    this.looped.style.width = `${(100 * (loop.to - loop.from)) / this.engine.set.frames}%`;
  }

  #drag(place) {
    const frameAt = (event) => {
      const box = this.over.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      return Math.min(Math.round(share * this.engine.set.frames), this.engine.set.frames - 1);
    };
    place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (event.target.closest("button, input, label, audio")) return;
      place.setPointerCapture(event.pointerId);
      this.dragging = frameAt(event);
      this.show();
    });
    place.addEventListener("pointermove", (event) => {
      if (this.dragging === null) return;
      this.dragging = frameAt(event);
      this.show();
    });
    place.addEventListener("pointerup", () => {
      if (this.dragging === null) return;
      const frame = this.dragging;
      this.dragging = null;
      this.engine.seek(frame);
      this.show(true);
    });
    place.addEventListener("pointercancel", () => {
      this.dragging = null; // the finger scrolled the page
      this.show(true);
    });
  }

  #key(event) {
    const jump = { PageUp: 30, PageDown: -30, ArrowUp: 5, ArrowDown: -5 }[event.key];
    if (event.key === "End") this.engine.seek(this.engine.set.frames - this.engine.set.rate);
    else if (jump) this.engine.seek(this.engine.frame + jump * this.engine.set.rate);
    else return;
    event.preventDefault();
    this.show(true);
  }

  #marks() {
    const height = this.canvas.clientHeight;
    if (!this.width || !height) return;
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * dense);
    this.canvas.height = Math.round(height * dense);
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.slider);
    pen.scale(dense, dense);
    pen.fillStyle = style.color;
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const perSecond = this.width / this.engine.seconds;
    const step = STEPS.find((seconds) => seconds * perSecond >= ROOM) ?? 3600;
    for (let second = 0; second < this.engine.seconds; second += step) {
      const x = second * perSecond;
      pen.fillRect(Math.round(x), height - 8, 1, 8);
      if (x + ROOM / 2 < this.width) pen.fillText(clock(second), Math.round(x) + 4, height - 8);
    }
  }
}
