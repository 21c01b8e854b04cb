// Plays all stems of a song together, at any speed and in any key: play, pause, seek, loop, and what to do when the
// network is slow. The scheduler decides what is heard when.
//
// A song that is still being separated plays as far as it is there, and waits for more (`grow`).
//
// Events: "state" (stopped, loading, playing, waiting; `detail` holds the error or a reason, if any), "loop", "stretch"
// (`detail`: why it went back, if it did), "pass" (the loop begins again).

import { isAborted, waitForNetwork } from "stemoteca/api";
import { RenderError, StoppedError } from "stemoteca/player/rendering/renderer_client";
import { BufferPool } from "stemoteca/player/sound/buffer_pool";
import { resume, resumeUnasked, sharedContext } from "stemoteca/player/sound/context";
import { Graph } from "stemoteca/player/sound/graph";
import { StemLevels } from "stemoteca/player/sound/levels";
import { Metronome } from "stemoteca/player/sound/metronome";
import { LOOKAHEAD, Scheduler } from "stemoteca/player/sound/scheduler";
import { SegmentError } from "stemoteca/player/sound/segments";
import { StemSource } from "stemoteca/player/sound/stem_source";
import { changeStretch, isSameStretch, UNSTRETCHED } from "stemoteca/player/sound/stretch";
import { Timeline } from "stemoteca/player/sound/timeline";

/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/player/sound/codecs").Quality} Quality */
/** @typedef {import("stemoteca/player/sound/stretch").Stretch} Stretch */
/** @typedef {import("stemoteca/player/sound/timeline").Loop} Loop */

const BLOCK = 16384; // frames that are made at a time
const PUMP = 200; // milliseconds
const RETRY = 3000; // milliseconds after which a line that was gone is tried again
const SHORTEST_LOOP = 0.3; // seconds
const FIRST = 2 * BLOCK + LOOKAHEAD; // frames of the song that are there before it is heard

export class Engine extends EventTarget {
  /** @type {Scheduler | null} */
  #scheduler = null;
  #turn = 0; // counts plays, stops and jumps: what began in an earlier turn may not go on
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #frame = 0; // where playing starts next
  /** @type {string | null} why it is in its state, as far as there is a reason */
  #reason = null;
  #waitsForSegment = false; // one that is not made yet
  #countsIn = false; // when it begins to play

  /**
   * @param {Recording} recording
   * @param {() => AudioContext} [makeContext] gives the audio context when it is needed
   * @param {Quality} [quality] of what is fetched
   */
  constructor(recording, makeContext = () => sharedContext(recording.rate), quality = "auto") {
    super();
    this.recording = recording;
    this.makeContext = makeContext;
    /** @type {"stopped" | "loading" | "playing" | "waiting"} */
    this.state = "stopped";
    this.source = new StemSource(recording, quality);
    this.timeline = new Timeline(recording.frames, this.source.codec.segment, recording.segment, FIRST);
    this.timeline.available = recording.ready ?? Infinity;
    this.pool = new BufferPool(BLOCK, recording.rate);
    this.metronome = new Metronome(recording.rate);
    const listen = () => (this.state === "stopped" ? this.stems.settle() : this.#pump());
    this.stems = new StemLevels(recording.stems.length, listen);
    /** @type {Stretch} */
    this.stretch = { ...UNSTRETCHED };
  }

  get seconds() {
    return this.recording.frames / this.recording.rate;
  }

  get loop() {
    return this.timeline.loop;
  }

  /** What is heard now, in frames of the song. */
  get frame() {
    return this.#scheduler?.frame ?? this.#frame;
  }

  /** Where playing would go on if it stopped now. */
  get #place() {
    const frame = this.timeline.within(this.frame);
    return frame < this.recording.frames ? frame : 0;
  }

  /** Whether it plays what it was asked for, and the next seconds of that are scheduled. */
  get isSettled() {
    const scheduler = this.#scheduler;
    const isAsked = isSameStretch(scheduler?.stretch ?? this.stretch, this.stretch) && !this.stems.joining.length;
    return isAsked && scheduler?.isAhead === true;
  }

  /**
   * Choose how good and how large is what is fetched.
   * @param {Quality} quality
   */
  async setQuality(quality) {
    this.source.quality = quality;
    await this.#changeCodec(() => this.source.use(this.source.chosen));
  }

  /**
   * Go on where it plays with segments of another codec.
   * @param {() => void} change
   */
  async #changeCodec(change) {
    const playing = this.state !== "stopped";
    const place = this.#place;
    const before = this.source.codec;
    change();
    if (this.source.codec === before) return;
    this.#halt();
    this.#frame = place;
    this.timeline.segment = this.source.codec.segment;
    if (playing) await this.#start("waiting");
  }

  /**
   * Add a stem, which is not heard; returns its number.
   * @param {import("stemoteca/player/player").StemAddresses} stem
   */
  addStem(stem) {
    this.source.add(stem);
    return this.stems.add();
  }

  /**
   * Change speed or key; what plays now goes on with it in a moment.
   * @param {Partial<Stretch>} changes
   */
  setStretch(changes) {
    const stretch = changeStretch(this.stretch, changes);
    if (isSameStretch(stretch, this.stretch)) return;
    this.stretch = stretch;
    const preparing = this.source.renderer.prepare();
    this.dispatchEvent(new Event("stretch"));
    if (this.state === "stopped") return;
    if (this.metronome.isCounting) this.seek(this.frame);
    else preparing.then((isThere) => (isThere ? this.#scheduler?.change() : this.#keepStretch()));
  }

  /** Play on as it is heard, as another speed or key cannot be made; returns whether that helps. */
  #keepStretch() {
    const heard = this.#scheduler?.stretch;
    if (!heard || isSameStretch(heard, this.stretch)) return false;
    this.stretch = heard;
    this.dispatchEvent(new CustomEvent("stretch", { detail: "unstretchable" }));
    return true;
  }

  /** Load what is needed to start at once. */
  prepare() {
    return this.source.segments.prefetch(this.timeline.wanted(this.#frame).slice(0, 1), this.stems.audible);
  }

  async play() {
    if (this.state !== "stopped") return;
    const { context } = this.#open().graph;
    if (context.state !== "running") resume(context);
    this.#countsIn = true;
    await this.#start("loading");
  }

  /** Start the clock without a key or a button; resolves to whether the browser lets a page do that. */
  unlock() {
    return resumeUnasked(this.#open().graph.context);
  }

  /** @param {string | null} [reason] names the text that says why */
  pause(reason = null) {
    if (this.state === "stopped") return;
    this.#frame = this.#place;
    this.#halt();
    this.#setState("stopped", reason);
  }

  /** Stop for good. The audio context stays as it is. */
  close() {
    this.pause();
    this.#scheduler?.graph.close();
    this.source.stop();
  }

  /**
   * Go to `frame`, playing on if it plays.
   * @param {number} frame
   */
  async seek(frame) {
    const goal = Math.round(Math.min(Math.max(frame, 0), this.recording.frames - 1));
    this.timeline.choose(goal);
    this.stems.settle();
    const { audible } = this.stems;
    const isThere = this.timeline.needed(goal).every((number) => this.source.segments.has(number, audible));
    if (this.#scheduler?.isPlaying && isThere && !this.metronome.isCounting) {
      this.#scheduler.jump(goal);
      return;
    }
    const playing = this.state !== "stopped";
    this.#halt();
    this.#frame = goal;
    if (playing) await this.#start("loading");
    else this.prepare();
  }

  /**
   * Set the loop; null ends it. What plays now plays on without a gap.
   * @param {Loop | null} loop
   */
  setLoop(loop) {
    this.timeline.loop = loop && loop.to - loop.from >= SHORTEST_LOOP * this.recording.rate ? loop : null;
    this.timeline.choose(this.frame);
    this.dispatchEvent(new Event("loop"));
    if (this.state === "stopped") return;
    if (this.timeline.loop && this.frame >= this.timeline.loop.to) this.seek(this.timeline.loop.from);
    else this.#scheduler?.change();
  }

  /**
   * Tell how many segments can be had by now; who waits for the next one plays on.
   * @param {number} segments
   */
  grow(segments) {
    this.timeline.available = segments;
    if (this.#waitsForSegment && this.timeline.has(this.#frame)) this.#start("waiting");
    else if (this.state === "stopped") this.prepare();
  }

  /**
   * @param {"stopped" | "loading" | "playing" | "waiting"} state
   * @param {string | null} [reason] names the text that says why
   */
  #setState(state, reason = null) {
    this.state = state;
    this.#reason = reason;
    this.dispatchEvent(new CustomEvent("state", { detail: reason }));
  }

  #open() {
    if (this.#scheduler) return this.#scheduler;
    const { timeline, source, pool, metronome } = this;
    // Where the sound was taken away: be where the person thinks we are.
    const onInterrupted = () => this.#scheduler?.isPlaying && this.pause();
    const graph = new Graph(this.makeContext(), this.stems.all, this.stems.master, onInterrupted);
    this.stems.graph = graph;
    this.#scheduler = new Scheduler(graph, {
      ...{ timeline, source, pool, metronome },
      audible: () => this.stems.audible,
      stretch: () => this.stretch,
      onBegin: () => this.#begin(),
      onFail: (error) => this.#fail(error),
    });
    return this.#scheduler;
  }

  /** @param {"loading" | "waiting"} state to show until the first segment is there */
  async #start(state) {
    const scheduler = this.#open();
    this.#turn += 1;
    const turn = this.#turn;
    this.#frame = this.timeline.within(this.#frame);
    this.#waitsForSegment = !this.timeline.has(this.#frame);
    if (this.#waitsForSegment) {
      this.#setState("waiting", "growing");
      return;
    }
    this.stems.settle();
    const stems = this.stems.audible;
    const { segments } = this.source;
    const first = this.timeline.needed(this.#frame);
    const isThere = first.every((number) => segments.has(number, stems));
    const isSaid = this.#reason === "offline"; // once, however often it is tried
    if (!isSaid && (this.state === "stopped" || !isThere)) this.#setState(state);
    segments.prefetch(this.timeline.wanted(this.#frame, FIRST), stems); // the first ones are waited for, others come later
    try {
      await Promise.all(first.map((number) => segments.load(number, stems)));
      if (this.#countsIn) await this.metronome.ready;
    } catch (error) {
      if (!(error instanceof SegmentError || isAborted(error))) throw error;
      if (turn !== this.#turn || !(error instanceof SegmentError)) return;
      return await this.#recover(error.reason);
    }
    if (turn !== this.#turn) return;
    await scheduler.start(this.#frame, this.#countsIn);
  }

  /** @param {SegmentError["reason"]} reason why a segment that is needed now cannot be had */
  async #recover(reason) {
    const [source, turn] = [this.source, this.#turn];
    if (reason === "encoding" && source.quality === "auto") {
      await this.#changeCodec(() => source.use(source.lossless)); // which needs no encoding
    } else if (reason === "network" || reason === "encoding") {
      if (reason === "network" && this.#reason !== "offline") this.#setState("waiting", "offline");
      await waitForNetwork(RETRY);
      if (turn === this.#turn) this.#start("waiting");
    } else if (!source.isLossless) await this.#changeCodec(() => source.useLossless());
    else this.#setState("stopped", reason);
  }

  #begin() {
    this.#countsIn = false;
    this.source.renderer.prepare(); // while there is a line
    this.#setState("playing");
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#pump(), PUMP);
  }

  /** @param {Error} error because of which something cannot be made */
  #fail(error) {
    if (error instanceof StoppedError) return;
    if (!(error instanceof RenderError)) throw error;
    if (!this.#keepStretch()) this.pause("unstretchable");
  }

  /** Have made what is there, ask for what is not, and notice the end. */
  #pump() {
    const scheduler = this.#scheduler;
    if (!scheduler?.isPlaying) return;
    scheduler.forget();
    const { next, isOver } = scheduler;
    const now = isOver ? next : this.frame;
    if (now !== null && this.timeline.note(now)) this.dispatchEvent(new Event("pass"));
    if (isOver) {
      this.#halt();
      this.#frame = next ?? 0;
      if (next === null) this.#setState("stopped", "ended");
      else {
        // The network is behind: wait, all stems together, and fetch less unless the person has chosen.
        this.source.use(this.source.smaller);
        this.timeline.segment = this.source.codec.segment;
        this.#start("waiting");
      }
      return;
    }
    const reach = scheduler.isSettling ? FIRST : this.timeline.reach;
    const wanted = new Set([...scheduler.segments, ...(next === null ? [] : this.timeline.wanted(next, reach))]);
    this.source.segments.prefetch([...wanted], this.stems.audible).then(() => scheduler.render());
    this.source.segments.loadAll([...wanted], this.stems.joining);
    this.stems.settle((stems) => stems.every((stem) => scheduler.isThere(stem)));
    scheduler.render();
  }

  #halt() {
    this.#turn += 1;
    this.#countsIn ||= this.metronome.isCounting; // then it is counted again
    this.#waitsForSegment = false;
    clearInterval(this.#timer);
    this.#scheduler?.stop();
  }
}
