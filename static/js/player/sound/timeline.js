// Which samples of the song come next: segments, the end of the song, and the loop. Counts in frames (samples of one
// channel), so that nothing is ever rounded.

/** @typedef {{ from: number, to: number }} Loop in frames */

export class Timeline {
  /**
   * @param {number} frames of the song
   * @param {number} segment frames in each segment that is fetched
   * @param {number} [reach] frames that are fetched ahead
   * @param {number} [first] frames that are read before anything is heard
   */
  constructor(frames, segment, reach = segment, first = 1) {
    this.frames = frames;
    this.segment = segment;
    this.reach = reach;
    this.first = first;
    /** @type {Loop | null} */
    this.loop = null;
    this.chosen = 0; // the frame at which somebody has chosen to play, or was when the loop was set
    this.heard = 0; // the frame that was heard a moment ago
    this.available = Infinity; // segments that can be fetched by now, while the song is still being separated
  }

  /**
   * The frame before which playing from `frame` must stop: the loop's end, when it lies ahead, else the song's.
   * @param {number} frame
   */
  end(frame) {
    return this.loop && frame < this.loop.to ? this.loop.to : this.frames;
  }

  /**
   * Where playing goes on that has come to `frame` and begins anew there: in the loop, unless somebody has gone behind
   * it. What is scheduled ahead can be beyond the loop's end already.
   * @param {number} frame
   */
  within(frame) {
    const { loop, chosen } = this;
    if (!loop || frame < loop.to || (chosen >= loop.to && frame >= chosen)) return frame;
    return loop.from + ((frame - loop.to) % (loop.to - loop.from));
  }

  /**
   * Where playing goes on after it has reached `frame`: at the loop's start, at `frame`, or nowhere (null).
   * @param {number} frame
   */
  after(frame) {
    if (this.loop && frame === this.loop.to) return this.loop.from;
    return frame < this.frames ? frame : null;
  }

  /**
   * Play from a frame because somebody has chosen it.
   * @param {number} frame
   */
  choose(frame) {
    this.chosen = frame;
    this.heard = frame;
  }

  /**
   * Note what is heard now; returns whether the loop has begun again since the last time.
   * @param {number} frame
   */
  note(frame) {
    const isPass = this.isPass(this.heard, frame);
    this.heard = frame;
    return isPass;
  }

  /**
   * Whether the loop has begun again between two frames that were heard one after the other.
   * @param {number} before
   * @param {number} now
   */
  isPass(before, now) {
    const { loop } = this;
    return loop !== null && before <= loop.to && before - now > 0.1 * (loop.to - loop.from);
  }

  /**
   * The segments with the frames from `from` to before `to`.
   * @param {number} from
   * @param {number} to
   */
  segments(from, to) {
    const first = Math.floor(Math.max(from, 0) / this.segment);
    const last = Math.floor((Math.min(to, this.frames) - 1) / this.segment);
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
  }

  /**
   * The segments without which nothing is heard from `frame` on.
   * @param {number} frame
   */
  needed(frame) {
    return this.segments(frame, Math.min(frame + this.first, this.end(frame)));
  }

  /**
   * Whether these can be fetched by now.
   * @param {number} frame
   */
  has(frame) {
    return this.needed(frame).every((number) => number < this.available);
  }

  /**
   * The segments worth having when playing from `frame` on, the most urgent first.
   * @param {number} frame
   * @param {number} [reach] frames ahead
   */
  wanted(frame, reach = this.reach) {
    /** @type {number[]} */
    const list = [];
    let left = reach;
    for (let at = /** @type {number | null} */ (frame); at !== null && left > 0; ) {
      const number = Math.floor(at / this.segment);
      const end = Math.min((number + 1) * this.segment, this.end(at));
      if (list.length) left -= end - at; // behind the first one, which may be nearly over
      if (!list.includes(number)) list.push(number);
      at = this.after(end);
    }
    return list.filter((number) => number < this.available);
  }
}
