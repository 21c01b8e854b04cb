// Decides what is made next and when it is heard. One run plays; when something else is to be heard (another speed, key
// or loop), a second one is made from a moment ahead on, and takes over without a gap.

import { Run } from "stemoteca/player/sound/run";
import { songFrames, stretchGroups } from "stemoteca/player/sound/stretch";

/** @typedef {import("stemoteca/player/sound/buffer_pool").BufferPool} BufferPool */
/** @typedef {import("stemoteca/player/sound/graph").Graph} Graph */
/** @typedef {import("stemoteca/player/sound/metronome").Metronome} Metronome */
/** @typedef {import("stemoteca/player/rendering/renderer_client").RendererClient} RendererClient */
/** @typedef {import("stemoteca/player/sound/run").Block} Block */
/** @typedef {import("stemoteca/player/sound/segments").Segments} Segments */
/** @typedef {import("stemoteca/player/sound/stretch").Stretch} Stretch */
/** @typedef {import("stemoteca/player/sound/timeline").Timeline} Timeline */
/** @typedef {{ run: Run, block: Block, chosen: number[] }} Job what to make of a run */

/**
 * `audible`: the stems that are heard; only these are made.
 * @typedef {object} Setup
 * @property {Timeline} timeline
 * @property {{ segments: Segments, renderer: RendererClient, stems: { name: string }[] }} source of the stems
 * @property {BufferPool} pool
 * @property {Metronome} metronome
 * @property {() => number[]} audible
 * @property {() => Stretch} stretch
 * @property {() => void} onBegin is called when it is about to be heard
 * @property {(error: Error) => void} onFail is called when something cannot be made; what plays plays on
 */

const AHEAD = 4; // seconds that are scheduled in advance: background tabs get a turn once a second
const SETTLING = { seconds: 1, ahead: 2 }; // after a jump: people often jump again at once
const LEAD = 0.05; // seconds between pressing play and the first sample
const SOON = 0.02; // seconds in which a sample can still be scheduled
export const LOOKAHEAD = 28_000; // frames of the song that resampler and stretcher read in advance
const CHANGE = { least: 0.08, most: 1 }; // seconds until a change is heard, as long as this machine needs

export class Scheduler {
  /** @type {Run | null} */
  #run = null;
  /** @type {Run | null} the one that takes over as soon as its first block is made */
  #coming = null;
  #isOutdated = false; // the one that is coming
  /** @type {{ run: Run, until: number } | null} the one that was heard until a frame of the clock */
  #previous = null;
  /** @type {number | null} the frame of the song that was jumped to, until it is heard */
  #goal = null;
  /** @type {Promise<void> | null} */
  #rendering = null;
  #lead = CHANGE.least;
  #countsIn = false; // before the run that is coming
  #settled = 0; // frame of the clock from which on all is scheduled in advance

  /**
   * @param {Graph} graph
   * @param {Setup} setup
   */
  constructor(graph, setup) {
    this.graph = graph;
    this.setup = setup;
    this.rate = setup.pool.rate;
    setup.metronome.connect(graph);
    setup.metronome.addEventListener("beats", () => this.#click());
  }

  get isPlaying() {
    return this.#run !== null;
  }

  /** What is heard now, in frames of the song; null while nothing plays. */
  get frame() {
    if (!this.#run) return null;
    const at = this.#clock(-(this.graph.context.outputLatency || 0));
    if (this.#goal !== null && this.#coming?.at === null) return this.#goal;
    const before = this.#previous && at < this.#previous.until ? (this.#goal ?? this.#previous.run.frameAt(at)) : null;
    return before ?? this.#run.frameAt(Math.max(at, this.#run.at ?? 0));
  }

  /** Speed and key that are heard, or about to be; null while nothing plays. */
  get stretch() {
    return (this.#run ?? this.#coming)?.stretch ?? null;
  }

  /** The frame of the song that is scheduled next; null at its end. */
  get next() {
    return this.#run?.next ?? null;
  }

  /** The frame of the clock up to which all is scheduled by now. */
  get scheduled() {
    return (this.#run?.at ?? 0) + (this.#run?.length ?? 0);
  }

  /** Whether somebody has just come here: little is made and fetched ahead yet. */
  get isSettling() {
    return this.#clock() < this.#settled;
  }

  /** The segments of what is heard and scheduled now. */
  get segments() {
    const { timeline } = this.setup;
    const blocks = this.#run?.blocks ?? [];
    return blocks.flatMap(({ piece, heard, length }) => {
      const [from, to] = [heard, heard + length].map((at) => piece.from + songFrames(at, piece.speed));
      return timeline.segments(from ?? 0, Math.min(to ?? 0, piece.to));
    });
  }

  /** The frame of the clock up to which all is to be scheduled. */
  get #horizon() {
    return this.#clock(this.isSettling ? SETTLING.ahead : AHEAD);
  }

  /** Whether all that was scheduled has been heard. */
  get isOver() {
    return this.#run !== null && this.scheduled <= this.#clock();
  }

  /** Whether the next seconds are scheduled as they are to be heard. */
  get isAhead() {
    const run = this.#run;
    if (!run || this.#coming || this.#isOutdated) return false;
    if (!this.setup.audible().every((stem) => run.stems.includes(stem))) return false;
    return run.next === null || this.scheduled > this.#horizon;
  }

  /**
   * A moment from now, in frames of the clock.
   * @param {number} seconds
   */
  #clock(seconds = 0) {
    return Math.ceil((this.graph.context.currentTime + seconds) * this.rate);
  }

  /**
   * Begin to play from a frame of the song, whose segment is decoded, on.
   * @param {number} frame
   * @param {boolean} countsIn
   */
  async start(frame, countsIn) {
    this.#countsIn = countsIn;
    this.#settled = this.#clock(SETTLING.seconds);
    this.#coming = this.#makeRun(frame, this.setup.audible());
    await this.render();
  }

  /** Something else is to be heard from now on: have a run made that takes over. */
  change() {
    if (this.#coming) this.#isOutdated = true;
    if (this.#coming || !this.#run) return;
    const at = Math.max(this.#clock(this.#lead), this.#run.at ?? 0);
    const reached = this.#run.frameAt(at);
    if (reached === null) return;
    const frame = this.setup.timeline.within(reached);
    if (frame >= this.setup.timeline.frames) return;
    const { stems } = this.#run;
    this.#goal = null;
    this.#coming = this.#makeRun(
      frame,
      this.setup.audible().filter((stem) => stems.includes(stem) || this.isThere(stem)),
    );
    this.#coming.at = at;
    this.render();
  }

  /**
   * Jump to a frame of the song, whose segment is decoded, while it plays.
   * @param {number} frame
   */
  jump(frame) {
    this.#dropComing();
    this.#goal = frame;
    this.#settled = this.#clock(SETTLING.seconds);
    this.#coming = this.#makeRun(frame, this.setup.audible());
    this.render();
  }

  #dropComing() {
    this.#coming?.stop(0);
    this.#coming = null;
    this.#isOutdated = false;
    this.#goal = null;
  }

  stop() {
    const now = this.graph.context.currentTime;
    this.#run?.stop(now);
    this.#coming?.stop(now);
    this.setup.metronome.cut(this.#clock());
    this.#run = null;
    this.#coming = null;
    this.#previous = null;
    this.#goal = null;
    this.#isOutdated = false;
  }

  /** Have the beats heard of what is planned already. */
  #click() {
    const run = this.#run;
    for (const block of run?.blocks ?? []) if (run) this.setup.metronome.place(run, block, this.#clock(SOON));
  }

  /** Let go of what was heard. */
  forget() {
    this.#run?.forget(this.#clock(-1));
  }

  /** Have everything made that is missing, one block after another. */
  render() {
    this.#follow();
    this.#rendering ??= this.#renderAll()
      .catch(this.setup.onFail)
      .finally(() => {
        this.#rendering = null;
      });
    return this.#rendering;
  }

  async #renderAll() {
    for (let job = this.#nextJob(); job; job = this.#nextJob()) {
      const { piece, heard, length } = job.block;
      const began = performance.now();
      const { renderer } = this.setup.source;
      const samples = await renderer.render({ piece, heard, length, chosen: job.chosen }).catch((error) => {
        if (this.#run && job.run === this.#coming) this.#dropComing();
        throw error;
      });
      this.#deliver(job, samples, (performance.now() - began) / 1000);
      renderer.recycle(samples);
    }
  }

  /**
   * @param {number} frame of the song to begin at
   * @param {number[]} stems
   */
  #makeRun(frame, stems) {
    const { source, pool, timeline } = this.setup;
    const names = source.stems.map(({ name }) => name);
    const stretch = this.setup.stretch();
    const groups = stretchGroups(stretch, names, stems, this.rate);
    return new Run(this.graph.lanes, pool, timeline, frame, stretch, groups);
  }

  /** @returns {Job | null} the most urgent thing to make that can be made by now */
  #nextJob() {
    const run = this.#coming ?? this.#run;
    if (!run || (run === this.#run && this.scheduled > this.#horizon)) return null;
    const block = run.following();
    if (!block || !this.#canMake(block, run.stems)) return null;
    return { run, block, chosen: run.stems };
  }

  /** Leave out the stems that are muted, and have those join that are not any more, as soon as they can. */
  #follow() {
    const run = this.#run;
    if (!run || this.#coming) return;
    const audible = this.setup.audible();
    run.stems = run.stems.filter((stem) => audible.includes(stem));
    if (audible.some((stem) => !run.stems.includes(stem) && this.isThere(stem))) this.change();
  }

  /**
   * Whether a stem is decoded that has not been heard until now.
   * @param {number} stem
   */
  isThere(stem) {
    const { timeline } = this.setup;
    const { segments } = this.setup.source;
    const now = this.frame ?? 0;
    return timeline.segments(now, now + LOOKAHEAD).every((number) => segments.has(number, [stem]));
  }

  /**
   * Whether all is decoded that is heard in a block.
   * @param {Block} block
   * @param {number[]} stems
   */
  #canMake({ piece, heard, length }, stems) {
    const { timeline } = this.setup;
    const { segments } = this.setup.source;
    const from = piece.from + songFrames(heard, piece.speed);
    const isPlain = piece.groups.every(({ speed, rate }) => speed === 1 && rate === this.rate);
    const to = from + songFrames(length, piece.speed) + (isPlain ? 0 : LOOKAHEAD);
    return timeline.segments(from, Math.min(to, piece.to)).every((number) => segments.has(number, stems));
  }

  /**
   * @param {Job} job
   * @param {Float32Array} samples of both channels of each stem
   * @param {number} seconds that it took
   */
  #deliver({ run, block, chosen }, samples, seconds) {
    if (run !== this.#run && run !== this.#coming) return;
    const earliest = run === this.#coming ? this.#enter(run, block, seconds) : this.#clock(SOON);
    if (earliest === null) return;
    run.plan(block);
    this.setup.metronome.place(run, block, earliest);
    for (const [place, stem] of chosen.entries()) {
      const channels = [0, 1].map((side) => {
        const from = (2 * place + side) * block.length;
        return /** @type {Float32Array<ArrayBuffer>} */ (samples.subarray(from, from + block.length));
      });
      run.place(block, stem, channels, earliest);
    }
  }

  /**
   * Begin with a run, or let it take over; returns the frame of the clock at which it does, or null if it is too late.
   * @param {Run} run
   * @param {Block} block its first one
   * @param {number} seconds that it took to make it
   */
  #enter(run, block, seconds) {
    const before = this.#run;
    this.#coming = null;
    const begin = before ? Math.max(run.at ?? 0, this.#clock(SOON)) : this.#begin(run, block);
    run.at ??= begin;
    if (before) this.#lead = Math.min(Math.max(1.5 * seconds, CHANGE.least), CHANGE.most);
    const isLate = begin >= run.at + block.length;
    if (this.#isOutdated || isLate) queueMicrotask(() => this.change());
    this.#isOutdated = false;
    if (isLate) return null;
    this.#run = run;
    if (before) this.setup.metronome.cut(begin);
    if (before) run.replace(before, begin);
    else if (block.piece.from > 0) run.fade(begin, 0, 1);
    this.#previous = before && { run: before, until: begin };
    if (!before) this.setup.onBegin();
    return begin;
  }

  /**
   * Choose the frame of the clock with which a run begins, after the count-in if there is one.
   * @param {Run} run
   * @param {Block} block its first one
   */
  #begin(run, block) {
    const now = this.#clock(LEAD);
    return now + (this.#countsIn ? this.setup.metronome.count(now, block.piece.from, run.speed) : 0);
  }
}
