// Which samples of the song come next: segments, the end of the song, and the loop. Counts in frames (samples of one
// channel), so that nothing is ever rounded.

export class Timeline {
  /** `frames` long, stored in segments of `segment` frames. */
  constructor(frames, segment) {
    this.frames = frames;
    this.segment = segment;
    this.loop = null; // { from, to } in frames
    this.there = Infinity; // segments that can be had by now, while the song is still being taken apart
  }

  /** Whether the segment with `frame` can be had by now. */
  has(frame) {
    return Math.floor(frame / this.segment) < this.there;
  }

  /** The frame before which playing from `frame` must stop: the loop's end, when it lies ahead, else the song's. */
  end(frame) {
    return this.loop && frame < this.loop.to ? this.loop.to : this.frames;
  }

  /** Where playing goes on after it has reached `frame`: at the loop's start, at `frame`, or nowhere (null). */
  after(frame) {
    if (this.loop && frame === this.loop.to) return this.loop.from;
    return frame < this.frames ? frame : null;
  }

  /** The piece to play from `frame` on: as far as its segment, the loop and the song go. */
  piece(frame) {
    const segment = Math.floor(frame / this.segment);
    const offset = frame - segment * this.segment;
    const length = Math.min(this.segment - offset, this.end(frame) - frame);
    return { frame, segment, offset, length };
  }

  /** The segments worth having when playing from `frame` on, the most urgent first. */
  wanted(frame) {
    const here = Math.floor(frame / this.segment);
    const last = Math.floor((this.frames - 1) / this.segment);
    const list = [here];
    const end = this.end(frame);
    if (here < last && (here + 1) * this.segment < end) list.push(here + 1);
    if (this.loop && end === this.loop.to) {
      const start = Math.floor(this.loop.from / this.segment);
      if (!list.includes(start)) list.push(start);
    }
    return list.filter((segment) => segment < this.there);
  }
}
