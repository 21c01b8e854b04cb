// The part of the song that ruler and waveforms show. Touches nothing of the page.

const SHORTEST = 4; // seconds; the peaks, eleven a second, are broad bars then
const MARGIN = 0.1; // of the view, before the frame that it moves to
const EDGE = 0.02; // of the view, in which dragging moves it
const DRAG_STEP = 0.03; // of the view

/** Event: "change". */
export class View extends EventTarget {
  from = 0; // frame at its left
  zoom = 1;
  #follows = true; // what plays, as long as that is in view

  /**
   * @param {number} frames of the song
   * @param {number} rate in hertz
   */
  constructor(frames, rate) {
    super();
    this.frames = frames;
    this.deepest = Math.max(1, frames / (SHORTEST * rate));
  }

  /** How many frames it shows. */
  get length() {
    return this.frames / this.zoom;
  }

  /**
   * Where a frame is, from 0 (left) to 1; less or more where it is out of view.
   * @param {number} frame
   */
  share(frame) {
    return (frame - this.from) / this.length;
  }

  /**
   * The same, at an edge where it is out of view.
   * @param {number} frame
   */
  shareWithin(frame) {
    return Math.min(Math.max(this.share(frame), 0), 1);
  }

  /** @param {number} frame */
  shows(frame) {
    const share = this.share(frame);
    return share >= 0 && share <= 1;
  }

  /**
   * The frame at a place from 0 (left) to 1.
   * @param {number} share
   */
  frameAt(share) {
    return Math.round(this.from + Math.min(Math.max(share, 0), 1) * this.length);
  }

  /**
   * Show more or less of the song; a frame stays where it is, or comes into the middle.
   * @param {number} zoom
   * @param {number} frame
   */
  setZoom(zoom, frame) {
    const share = this.shows(frame) ? this.share(frame) : 0.5;
    this.zoom = Math.min(Math.max(zoom, 1), this.deepest);
    this.#move(frame - share * this.length, true);
  }

  /** @param {number} frames to the right, or to the left */
  scroll(frames) {
    this.#move(this.from + frames, false);
  }

  /**
   * Move to a frame that is out of view.
   * @param {number} frame
   */
  reveal(frame) {
    this.#follows = true;
    if (!this.shows(frame)) this.#move(frame - MARGIN * this.length, true);
  }

  /**
   * Move along with what plays, unless somebody has moved away from it.
   * @param {number} frame
   */
  follow(frame) {
    if (this.shows(frame)) this.#follows = true;
    else if (this.#follows) this.reveal(frame);
  }

  /**
   * The frame under the pointer that drags something; at an edge the view moves along.
   * @param {number} share
   */
  drag(share) {
    const frame = this.frameAt(share);
    if (this.zoom > 1 && share < EDGE) this.scroll(-DRAG_STEP * this.length);
    if (this.zoom > 1 && share > 1 - EDGE) this.scroll(DRAG_STEP * this.length);
    return frame;
  }

  /**
   * @param {number} from
   * @param {boolean} follows
   */
  #move(from, follows) {
    this.from = Math.min(Math.max(from, 0), this.frames - this.length);
    this.#follows = follows;
    this.dispatchEvent(new Event("change"));
  }
}
