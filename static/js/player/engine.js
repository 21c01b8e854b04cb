// Plays all stems of a song together. Every stem is a chain of AudioBufferSourceNodes that start on whole samples of
// one clock, a piece of all stems at a time: they can wait for the network together, but never drift apart.
//
//   pieces -> run (fades out when playing stops or jumps) -> lane (volume) -> ears
//
// A song that is still being separated plays as far as it is there, and waits for more (`grow`).
//
// Events: "state" (stopped, loading, playing, waiting; `detail` holds the error or a reason, if any), "loop".

import { isAborted } from "stemoteca/api";
import { resume, resumeUnasked } from "stemoteca/player/autoplay";
import { SegmentError, Segments } from "stemoteca/player/segments";
import { Timeline } from "stemoteca/player/timeline";

/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/player/timeline").Loop} Loop */
/** @typedef {import("stemoteca/player/timeline").Piece} Piece */
/** @typedef {Piece & { at: number, sources: AudioBufferSourceNode[] }} ScheduledPiece `at`: frame of the clock */

/**
 * What is scheduled since playing began or jumped; `cursor`: frame of the clock up to which, `next`: frame of the song.
 * @typedef {{ outs: GainNode[], pieces: ScheduledPiece[], cursor: number, next: number | null }} Run
 */

const AHEAD = 10; // seconds that are scheduled in advance: background tabs get a turn once a second
const LEAD = 0.05; // seconds between pressing play and the first sample
const FADE = 0.008; // seconds; long enough for no click, short enough not to be heard
const SHORTEST_LOOP = 0.3; // seconds

export class Engine extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {GainNode[]} */
  #lanes = [];
  /** @type {Run | null} */
  #run = null;
  #turn = 0; // counts plays, stops and jumps: what began in an earlier turn may not go on
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #frame = 0; // where playing starts next
  #waitsForSegment = false; // one that is not made yet

  /**
   * @param {Recording} recording
   * @param {() => AudioContext} [makeContext] gives the audio context when it is needed
   */
  constructor(
    recording,
    makeContext = () => new AudioContext({ sampleRate: recording.rate, latencyHint: "balanced" }),
  ) {
    super();
    this.recording = recording;
    this.makeContext = makeContext;
    /** @type {"stopped" | "loading" | "playing" | "waiting"} */
    this.state = "stopped";
    this.timeline = new Timeline(recording.frames, recording.segment);
    this.timeline.available = recording.ready ?? Infinity;
    this.segments = new Segments(
      recording.stems.map((stem) => stem.segments),
      recording.rate,
    );
    this.volumes = recording.stems.map(() => 1);
  }

  get seconds() {
    return this.recording.frames / this.recording.rate;
  }

  get loop() {
    return this.timeline.loop;
  }

  /** What is heard now, in frames. */
  get frame() {
    const run = this.#run;
    const context = this.#context;
    if (!run || !context) return this.#frame;
    const heard = context.currentTime - (context.outputLatency || 0);
    const at = Math.round(heard * this.recording.rate);
    let piece = run.pieces[0];
    for (const next of run.pieces) if (next.at <= at) piece = next;
    return piece ? piece.frame + Math.min(Math.max(at - piece.at, 0), piece.length) : this.#frame;
  }

  /**
   * Set the volume of a stem, 0 to 1; changes glide.
   * @param {number} index
   * @param {number} volume
   */
  setVolume(index, volume) {
    this.volumes[index] = volume;
    const lane = this.#lanes[index];
    lane?.gain.setTargetAtTime(volume, lane.context.currentTime, 0.012);
  }

  /** Load what is needed to start at once. */
  prepare() {
    return this.segments.prefetch(this.timeline.wanted(this.#frame).slice(0, 1));
  }

  async play() {
    if (this.state !== "stopped") return;
    const context = this.#open();
    if (context.state !== "running") resume(context);
    await this.#start("loading");
  }

  /** Play without a key or a button, where the browser lets a page do that; resolves to whether it does. */
  async playUnasked() {
    if (!(await resumeUnasked(this.#open()))) return false;
    await this.play();
    return true;
  }

  pause() {
    if (this.state === "stopped") return;
    const { frame } = this;
    this.#frame = frame < this.recording.frames ? frame : 0;
    this.#halt();
    this.#setState("stopped");
  }

  /**
   * Go to `frame`, playing on if it plays.
   * @param {number} frame
   */
  async seek(frame) {
    const goal = Math.round(Math.min(Math.max(frame, 0), this.recording.frames - 1));
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
    this.dispatchEvent(new Event("loop"));
    if (!this.#run) return;
    if (this.timeline.loop && this.frame >= this.timeline.loop.to) this.seek(this.timeline.loop.from);
    else this.#recut();
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
    this.dispatchEvent(new CustomEvent("state", { detail: reason }));
  }

  #open() {
    if (this.#context) return this.#context;
    const context = this.makeContext();
    this.#context = context;
    this.#lanes = this.volumes.map((volume) => {
      const lane = new GainNode(context, { gain: volume });
      lane.connect(context.destination);
      return lane;
    });
    // A call, or another program, took the sound away: be where the person thinks we are.
    context.addEventListener("statechange", () => {
      if (this.#run && ["suspended", "interrupted"].includes(context.state)) this.pause();
    });
    return context;
  }

  /** @param {"loading" | "waiting"} state to show until the first segment is there */
  async #start(state) {
    const context = this.#open();
    this.#turn += 1;
    const turn = this.#turn;
    this.#waitsForSegment = !this.timeline.has(this.#frame);
    if (this.#waitsForSegment) {
      this.#setState("waiting", "growing");
      return;
    }
    const wanted = this.timeline.wanted(this.#frame);
    const first = Math.floor(this.#frame / this.recording.segment);
    if (!this.segments.decoded(first)) this.#setState(state);
    this.segments.prefetch(wanted); // the first is waited for, the others come when they come
    try {
      await this.segments.load(first);
    } catch (error) {
      if (turn === this.#turn && error instanceof SegmentError) this.#setState("stopped", error.reason);
      else if (!(error instanceof SegmentError || isAborted(error))) throw error;
      return;
    }
    if (turn !== this.#turn) return;
    const begin = Math.ceil((context.currentTime + LEAD) * this.recording.rate);
    const outs = this.#lanes.map((lane) => {
      const out = new GainNode(context, { gain: 1 });
      out.connect(lane);
      return out;
    });
    this.#run = { outs, pieces: [], cursor: begin, next: this.#frame };
    if (this.#frame > 0) this.#fade(this.#run.outs, begin, 0, 1);
    this.#setState("playing");
    this.#pump();
    this.#timer = setInterval(() => this.#pump(), 200);
  }

  /** Schedule what is there, ask for what is not, and notice the end. */
  #pump() {
    const run = this.#run;
    const context = this.#context;
    if (!run || !context) return;
    const now = Math.floor(context.currentTime * this.recording.rate);
    while (run.next !== null && run.cursor - now < AHEAD * this.recording.rate) {
      const piece = this.timeline.piece(run.next);
      const buffers = this.segments.decoded(piece.segment);
      if (!buffers) break;
      this.#schedule(context, run, piece, buffers);
    }
    run.pieces = run.pieces.filter((piece) => piece.at + piece.length > now - this.recording.rate);
    if (run.cursor <= now && run.next === null) {
      this.#halt();
      this.#frame = 0;
      this.#setState("stopped", "ended");
    } else if (run.cursor <= now && run.next !== null) {
      this.#frame = run.next; // the network is behind: wait, together
      this.#halt();
      this.#start("waiting");
    } else {
      const here = Math.floor(this.frame / this.recording.segment);
      const wanted = new Set([here, ...(run.next === null ? [] : this.timeline.wanted(run.next))]);
      this.segments.prefetch([...wanted]);
    }
  }

  /**
   * @param {AudioContext} context
   * @param {Run} run
   * @param {Piece} piece
   * @param {AudioBuffer[]} buffers
   */
  #schedule(context, run, piece, buffers) {
    const { rate } = this.recording;
    const at = run.cursor;
    const sources = buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(/** @type {GainNode} */ (run.outs[index]));
      source.start(at / rate, piece.offset / rate);
      if (piece.offset + piece.length < buffer.length) source.stop(this.#before(at + piece.length));
      return source;
    });
    run.pieces.push({ ...piece, at, sources });
    run.cursor = at + piece.length;
    const reached = piece.frame + piece.length;
    run.next = this.timeline.after(reached);
    if (run.next !== null && run.next !== reached) {
      this.#fade(run.outs, run.cursor - FADE * rate, 1, 0);
      this.#fade(run.outs, run.cursor, 0, 1);
    }
  }

  /**
   * The time to stop at so that `frame` is the first one not heard, however a browser rounds.
   * @param {number} frame of the clock
   */
  #before(frame) {
    return (frame - 0.25) / this.recording.rate;
  }

  /** The loop has changed: take back what does not begin at once, and go on by the new plan. */
  #recut() {
    const run = this.#run;
    const context = this.#context;
    if (!run || !context) return;
    const cut = Math.ceil((context.currentTime + LEAD) * this.recording.rate);
    const kept = run.pieces.filter((piece) => piece.at <= cut);
    for (const piece of run.pieces.slice(kept.length)) for (const source of piece.sources) source.disconnect();
    const last = kept.at(-1);
    if (!last) return;
    const end = Math.min(this.timeline.end(last.frame), (last.segment + 1) * this.recording.segment);
    last.length = Math.max(end - last.frame, cut - last.at);
    for (const source of last.sources) source.stop(this.#before(last.at + last.length));
    for (const out of run.outs) {
      out.gain.cancelScheduledValues(cut / this.recording.rate);
      out.gain.setValueAtTime(1, cut / this.recording.rate);
    }
    run.pieces = kept;
    run.cursor = last.at + last.length;
    run.next = this.timeline.after(last.frame + last.length);
    if (run.next !== null && run.next !== last.frame + last.length) {
      this.#fade(run.outs, Math.max(run.cursor - FADE * this.recording.rate, cut + 1), 1, 0);
      this.#fade(run.outs, run.cursor, 0, 1);
    }
    this.#pump();
  }

  #halt() {
    this.#turn += 1;
    this.#waitsForSegment = false;
    clearInterval(this.#timer);
    const run = this.#run;
    this.#run = null;
    if (!run || !this.#context) return;
    const now = this.#context.currentTime;
    for (const out of run.outs) {
      out.gain.cancelScheduledValues(now);
      out.gain.setTargetAtTime(0, now, FADE / 3);
    }
    for (const piece of run.pieces) for (const source of piece.sources) source.stop(now + 2 * FADE);
    setTimeout(() => {
      for (const out of run.outs) out.disconnect();
    }, 200);
  }

  /**
   * @param {GainNode[]} outs
   * @param {number} frame of the clock
   * @param {number} from gain
   * @param {number} to gain
   */
  #fade(outs, frame, from, to) {
    const start = frame / this.recording.rate;
    for (const out of outs) {
      out.gain.setValueAtTime(from, start);
      out.gain.linearRampToValueAtTime(to, start + FADE);
    }
  }
}
