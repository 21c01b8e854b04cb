// Draws what moves, once however often it is started, and only as often as that can be seen: each frame of the screen
// costs styles and JavaScript that wait for a garbage collector. Touches nothing of the page.

const SMOOTH = 34; // milliseconds: what moves in less than that is drawn with each frame of the screen

export class Animation {
  #isComing = false;

  /** @param {() => number | null} draw returns in how many milliseconds something looks different; null ends it */
  constructor(draw) {
    this.draw = draw;
  }

  /** Draw with the next frame of the screen, and go on until `draw` ends it. */
  start() {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#request();
  }

  #request = () => requestAnimationFrame(this.#step);

  #step = () => {
    const pause = this.draw();
    this.#isComing = pause !== null;
    if (pause === null) return;
    if (pause < SMOOTH) this.#request();
    else setTimeout(this.#request, pause);
  };
}
