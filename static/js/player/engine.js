// Plays all stems of a song together. Every stem is a chain of AudioBufferSourceNodes that start on whole samples of
// one clock, a piece of all stems at a time: they can wait for the network together, but never drift apart.
//
//   pieces -> run (fades out when playing stops or jumps) -> lane (volume) -> ears
//
// A song that is still being taken apart plays as far as it is there, and waits for more (`grow`).
//
// Events: "state" (stopped, loading, playing, waiting; `detail` holds the error or a reason, if any), "loop".

import { Segments } from "stemoteca/segments";
import { Timeline } from "stemoteca/timeline";

const AHEAD = 10; // seconds that are scheduled in advance: background tabs get a turn once a second
const LEAD = 0.05; // seconds between pressing play and the first sample
const FADE = 0.008; // seconds; long enough for no click, short enough not to be heard
const SHORTEST_LOOP = 0.3; // seconds
const RESUME = 1000; // milliseconds a browser gets to say whether a page may play by itself

export class Engine extends EventTarget {
  #context = null;
  #lanes = [];
  #run = null;
  #turn = 0; // counts plays, stops and jumps: what began in an earlier turn may not go on
  #timer = 0;
  #frame = 0; // where playing starts next
  #rests = false; // waits for a segment that is not made yet

  /** `set`: { stems: [{ address }], frames, rate, segment, ready }; `makeContext` gives the audio context when needed. */
  constructor(set, makeContext = () => new AudioContext({ sampleRate: set.rate, latencyHint: "balanced" })) {
    super();
    this.set = set;
    this.makeContext = makeContext;
    this.state = "stopped";
    this.timeline = new Timeline(set.frames, set.segment);
    this.timeline.there = set.ready ?? Infinity;
    this.segments = new Segments(set.stems.map((stem) => stem.address), set.rate);
    this.volumes = set.stems.map(() => 1);
  }

  get seconds() {
    return this.set.frames / this.set.rate;
  }

  get loop() {
    return this.timeline.loop;
  }

  /** What is heard now, in frames. */
  get frame() {
    const run = this.#run;
    if (!run) return this.#frame;
    const heard = this.#context.currentTime - (this.#context.outputLatency || 0);
    const at = Math.round(heard * this.set.rate);
    let piece = run.pieces[0];
    for (const next of run.pieces) if (next.at <= at) piece = next;
    return piece ? piece.frame + Math.min(Math.max(at - piece.at, 0), piece.length) : this.#frame;
  }

  /** Volume of a stem, 0 to 1; changes glide. */
  setVolume(index, volume) {
    this.volumes[index] = volume;
    const lane = this.#lanes[index];
    lane?.gain.setTargetAtTime(volume, this.#context.currentTime, 0.012);
  }

  /** Have what is needed to start at once. */
  prepare() {
    return this.segments.want(this.timeline.wanted(this.#frame).slice(0, 1)).catch(() => {});
  }

  async play() {
    if (this.state !== "stopped") return;
    this.#open();
    if (this.#context.state !== "running") this.#context.resume().catch(() => {});
    await this.#start("loading");
  }

  /** Play without a key or a button, where the browser lets a page do that; resolves to whether it does. */
  async playUnasked() {
    this.#open();
    const allowed = this.#context.resume().then(() => true, () => false);
    const refused = new Promise((done) => setTimeout(done, RESUME, false)); // a browser that refuses never answers
    if (!(await Promise.race([allowed, refused]))) return false;
    await this.play();
    return true;
  }

  pause() {
    if (this.state === "stopped") return;
    const { frame } = this;
    this.#frame = frame < this.set.frames ? frame : 0;
    this.#halt();
    this.#be("stopped");
  }

  /** Go to `frame`, playing on if it plays. */
  async seek(frame) {
    const goal = Math.round(Math.min(Math.max(frame, 0), this.set.frames - 1));
    const playing = this.state !== "stopped";
    this.#halt();
    this.#frame = goal;
    if (playing) await this.#start("loading");
    else this.prepare();
  }

  /** Loop from frame `from` to frame `to`; null ends the loop. What plays now plays on without a gap. */
  setLoop(loop) {
    this.timeline.loop = loop && loop.to - loop.from >= SHORTEST_LOOP * this.set.rate ? loop : null;
    this.dispatchEvent(new Event("loop"));
    if (!this.#run) return;
    if (this.timeline.loop && this.frame >= this.timeline.loop.to) this.seek(this.timeline.loop.from);
    else this.#recut();
  }

  /** So many segments can be had by now; who waits for the next one plays on. */
  grow(segments) {
    this.timeline.there = segments;
    if (this.#rests && this.timeline.has(this.#frame)) this.#start("waiting");
    else if (this.state === "stopped") this.prepare();
  }

  #be(state, error = null) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: error }));
  }

  #open() {
    if (this.#context) return;
    this.#context = this.makeContext();
    this.#lanes = this.volumes.map((volume) => {
      const lane = new GainNode(this.#context, { gain: volume });
      lane.connect(this.#context.destination);
      return lane;
    });
    // A call, or another program, took the sound away: be where the person thinks we are.
    this.#context.addEventListener?.("statechange", () => {
      if (this.#run && ["suspended", "interrupted"].includes(this.#context.state)) this.pause();
    });
  }

  async #start(state) {
    const turn = (this.#turn += 1);
    this.#rests = !this.timeline.has(this.#frame);
    if (this.#rests) {
      this.#be("waiting", "growing");
      return;
    }
    const wanted = this.timeline.wanted(this.#frame);
    if (!this.segments.ready(wanted[0])) this.#be(state);
    this.segments.want(wanted).catch(() => {}); // the first is waited for, the others come when they come
    try {
      await this.segments.load(wanted[0]);
    } catch (error) {
      if (turn === this.#turn && error.name !== "AbortError") this.#be("stopped", error.message);
      return;
    }
    if (turn !== this.#turn) return;
    const begin = Math.ceil((this.#context.currentTime + LEAD) * this.set.rate);
    const outs = this.#lanes.map((lane) => {
      const out = new GainNode(this.#context, { gain: 1 });
      out.connect(lane);
      return out;
    });
    this.#run = { outs, pieces: [], cursor: begin, next: this.#frame };
    if (this.#frame > 0) this.#fade(this.#run.outs, begin, 0, 1);
    this.#be("playing");
    this.#pump();
    this.#timer = setInterval(() => this.#pump(), 200);
  }

  /** Schedule what is there, ask for what is not, and notice the end. */
  #pump() {
    const run = this.#run;
    if (!run) return;
    const now = Math.floor(this.#context.currentTime * this.set.rate);
    while (run.next !== null && run.cursor - now < AHEAD * this.set.rate) {
      const piece = this.timeline.piece(run.next);
      const buffers = this.segments.ready(piece.segment);
      if (!buffers) break;
      this.#schedule(run, piece, buffers);
    }
    run.pieces = run.pieces.filter((piece) => piece.at + piece.length > now - this.set.rate);
    if (run.cursor <= now && run.next === null) {
      this.#halt();
      this.#frame = 0;
      this.#be("stopped", "ended");
    } else if (run.cursor <= now) {
      this.#frame = run.next; // the network is behind: wait, together
      this.#halt();
      this.#start("waiting");
    } else {
      const here = Math.floor(this.frame / this.set.segment);
      const wanted = new Set([here, ...(run.next === null ? [] : this.timeline.wanted(run.next))]);
      this.segments.want([...wanted]).catch(() => {});
    }
  }

  #schedule(run, piece, buffers) {
    const { rate } = this.set;
    const at = run.cursor;
    const sources = buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(this.#context, { buffer });
      source.connect(run.outs[index]);
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

  /** The time to stop at so that `frame` is the first one not heard, however a browser rounds. */
  #before(frame) {
    return (frame - 0.25) / this.set.rate;
  }

  /** The loop has changed: take back what does not begin at once, and go on by the new plan. */
  #recut() {
    const run = this.#run;
    const cut = Math.ceil((this.#context.currentTime + LEAD) * this.set.rate);
    const kept = run.pieces.filter((piece) => piece.at <= cut);
    for (const piece of run.pieces.slice(kept.length)) for (const source of piece.sources) source.disconnect();
    const last = kept.at(-1);
    if (!last) return;
    const end = Math.min(this.timeline.end(last.frame), (last.segment + 1) * this.set.segment);
    last.length = Math.max(end - last.frame, cut - last.at);
    for (const source of last.sources) source.stop(this.#before(last.at + last.length));
    for (const out of run.outs) {
      out.gain.cancelScheduledValues(cut / this.set.rate);
      out.gain.setValueAtTime(1, cut / this.set.rate);
    }
    run.pieces = kept;
    run.cursor = last.at + last.length;
    run.next = this.timeline.after(last.frame + last.length);
    if (run.next !== null && run.next !== last.frame + last.length) {
      this.#fade(run.outs, Math.max(run.cursor - FADE * this.set.rate, cut + 1), 1, 0);
      this.#fade(run.outs, run.cursor, 0, 1);
    }
    this.#pump();
  }

  #halt() {
    this.#turn += 1;
    this.#rests = false;
    clearInterval(this.#timer);
    const run = this.#run;
    this.#run = null;
    if (!run) return;
    const now = this.#context.currentTime;
    for (const out of run.outs) {
      out.gain.cancelScheduledValues(now);
      out.gain.setTargetAtTime(0, now, FADE / 3);
    }
    for (const piece of run.pieces) for (const source of piece.sources) source.stop(now + 2 * FADE);
    setTimeout(() => run.outs.forEach((out) => out.disconnect()), 200);
  }

  #fade(outs, frame, from, to) {
    const start = frame / this.set.rate;
    for (const out of outs) {
      out.gain.setValueAtTime(from, start);
      out.gain.linearRampToValueAtTime(to, start + FADE);
    }
  }
}
