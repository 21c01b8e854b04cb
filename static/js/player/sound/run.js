// One stretch of playing, from where it begins or jumps to until it stops or something else is to be heard: blocks of
// all stems, each as an AudioBufferSourceNode, on whole frames of one clock.

import { heardFrames, songFrames } from "stemoteca/player/sound/stretch";

/** @typedef {import("stemoteca/player/sound/buffer_pool").BufferPool} BufferPool */
/** @typedef {import("stemoteca/player/rendering/renderer").Piece} Piece */
/** @typedef {import("stemoteca/player/sound/timeline").Timeline} Timeline */
/** @typedef {{ node: AudioBufferSourceNode, buffer: AudioBuffer }} Source */

/**
 * `at`: frames of the run, `heard`: frames of the piece, where it begins.
 * @typedef {{ piece: Piece, at: number, heard: number, length: number, sources: Source[] }} Block
 */

const FADE = 0.008; // seconds; long enough for no click, short enough not to be heard
const CROSSFADE = 0.02; // seconds
const FIRST = 0.5; // of a whole block: so short is the first one, which is waited for

let pieces = 0;

export class Run {
  /** @type {Block[]} */
  blocks = [];
  /** @type {number | null} frame of the clock with the first frame of the run, once that is known */
  at = null;
  length = 0; // frames that are planned
  /** @type {number | null} frame of the song that comes next */
  next;
  /** @type {Piece | null} the one that is planned now */
  #piece = null;
  #heard = 0; // frames of it that are planned

  /**
   * @param {GainNode[]} lanes
   * @param {BufferPool} pool
   * @param {Timeline} timeline
   * @param {number} frame of the song to begin at
   * @param {import("stemoteca/player/sound/stretch").Stretch} stretch
   * @param {import("stemoteca/player/sound/stretch").Group[]} groups of the stems that are heard
   */
  constructor(lanes, pool, timeline, frame, stretch, groups) {
    this.pool = pool;
    this.timeline = timeline;
    this.next = frame;
    this.stretch = stretch;
    this.speed = stretch.speed;
    this.groups = groups;
    /** @type {number[]} which becomes shorter when some are muted */
    this.stems = groups.flatMap(({ stems }) => stems);
    this.rate = pool.rate;
    this.outs = lanes.map((lane) => {
      const out = new GainNode(lane.context, { gain: 1 });
      out.connect(lane);
      return out;
    });
  }

  /** The block after the ones that are planned, or null at the end of the song. */
  following() {
    if (this.next === null) return null;
    if (!this.#piece) {
      pieces += 1;
      const { next: from, speed, groups } = this;
      this.#piece = { id: pieces, from, to: this.timeline.end(from), speed, groups };
      this.#heard = 0;
    }
    const piece = this.#piece;
    const heard = this.#heard;
    const most = this.length ? this.pool.length : Math.round(FIRST * this.pool.length);
    const length = Math.min(heardFrames(piece.to - piece.from, this.speed) - heard, most);
    return { piece, at: this.length, heard, length, sources: [] };
  }

  /**
   * Plan a block that `following` gave.
   * @param {Block} block
   */
  plan(block) {
    this.blocks.push(block);
    this.length += block.length;
    this.#heard += block.length;
    const { piece } = block;
    if (this.#heard < heardFrames(piece.to - piece.from, this.speed)) {
      this.next = Math.min(piece.from + songFrames(this.#heard, this.speed), piece.to - 1);
      return;
    }
    this.#piece = null;
    this.next = this.timeline.after(piece.to);
    if (this.next !== null && this.next !== piece.to) this.#fadeJump(this.length);
  }

  /** @param {number} end frame of the run before which a loop ends */
  #fadeJump(end) {
    const at = (this.at ?? 0) + end;
    this.fade(at - FADE * this.rate, 1, 0);
    this.fade(at, 0, 1);
  }

  /**
   * What is heard at a frame of the clock, in frames of the song; null before and after the run.
   * @param {number} clock
   */
  frameAt(clock) {
    const at = clock - (this.at ?? Infinity);
    const block = this.blocks.findLast((each) => each.at <= at);
    if (!block) return null;
    const heard = block.heard + Math.min(at - block.at, block.length);
    return Math.min(block.piece.from + songFrames(heard, this.speed), block.piece.to);
  }

  /**
   * Have a stem of a block heard.
   * @param {Block} block
   * @param {number} stem
   * @param {Float32Array<ArrayBuffer>[]} channels
   * @param {number} earliest frame of the clock at which it can begin
   */
  place(block, stem, channels, earliest) {
    const start = (this.at ?? 0) + block.at;
    const late = Math.max(earliest - start, 0);
    if (late >= block.length) return;
    const out = /** @type {GainNode} */ (this.outs[stem]);
    const buffer = this.pool.take(channels, out.context.currentTime);
    const node = new AudioBufferSourceNode(out.context, { buffer });
    node.connect(out);
    node.start((start + late) / this.rate, late / this.rate);
    // So that the frame after the block is the first one not heard, however a browser rounds.
    node.stop((start + block.length - 0.25) / this.rate);
    block.sources.push({ node, buffer });
  }

  /**
   * Let go of the blocks that ended before a frame of the clock.
   * @param {number} clock
   */
  forget(clock) {
    const end = (/** @type {Block} */ block) => (this.at ?? 0) + block.at + block.length;
    for (const block of this.blocks.filter((each) => end(each) <= clock)) this.#release(block, end(block) / this.rate);
    this.blocks = this.blocks.filter((each) => end(each) > clock);
  }

  /**
   * @param {Block} block
   * @param {number} free time of the clock when its buffers are not played any more
   */
  #release(block, free) {
    for (const { node, buffer } of block.sources) {
      node.disconnect();
      this.pool.give(buffer, free);
    }
  }

  /**
   * @param {number} frame of the clock
   * @param {number} from gain
   * @param {number} to gain
   * @param {number} [seconds]
   */
  fade(frame, from, to, seconds = FADE) {
    const start = frame / this.rate;
    for (const { gain } of this.outs) {
      gain.setValueAtTime(from, start);
      gain.linearRampToValueAtTime(to, start + seconds);
    }
  }

  /**
   * Go on instead of another run, from a frame of the clock on, without a gap.
   * @param {Run} before
   * @param {number} frame
   */
  replace(before, frame) {
    for (const { gain } of before.outs) gain.cancelScheduledValues(frame / this.rate);
    before.fade(frame, 1, 0, CROSSFADE);
    before.#end(frame / this.rate + CROSSFADE);
    this.fade(frame, 0, 1, CROSSFADE);
  }

  /**
   * Fade out at a time of the clock, and let go of everything.
   * @param {number} time
   */
  stop(time) {
    for (const { gain } of this.outs) {
      gain.cancelScheduledValues(time);
      gain.setTargetAtTime(0, time, FADE / 3);
    }
    this.#end(time + 2 * FADE);
  }

  /** @param {number} time of the clock */
  #end(time) {
    for (const { sources } of this.blocks) for (const { node } of sources) node.stop(time);
    const { context } = /** @type {GainNode} */ (this.outs[0]);
    const close = () => {
      if (context.currentTime < time) {
        setTimeout(close, 50);
        return;
      }
      for (const block of this.blocks) this.#release(block, time);
      for (const out of this.outs) out.disconnect();
      this.blocks = [];
    };
    setTimeout(close, 50);
  }
}
