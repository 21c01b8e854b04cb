// The metronome: has clicks heard at the beats of what plays, and a count-in before it.
//
//   clicks (volume, 0 while it is off) -> master
//   count-in (volume) -> master

import { clickSamples, clicksIn, countIn } from "stemoteca/player/sound/clicks";
import { gainOf } from "stemoteca/player/sound/levels";

/** @typedef {import("stemoteca/beats/grid").Beat} Beat */
/** @typedef {import("stemoteca/player/sound/graph").Graph} Graph */
/** @typedef {import("stemoteca/player/sound/run").Block} Block */
/** @typedef {import("stemoteca/player/sound/run").Run} Run */

/**
 * `volume` in percent, 0 to 200; `bars` of the count-in.
 * @typedef {{ isOn: boolean, volume: number, bars: number }} Choice
 */

/**
 * A click that will be heard: `time` is a frame of the clock.
 * @typedef {{ time: number, beat: Beat, node: AudioBufferSourceNode }} Planned
 */

const GLIDE = 0.012; // seconds: no volume jumps
const NEAR = 0.02; // seconds around a click in which its beat does not click again
const ROUNDING = 2; // frames by which two runs may disagree about the time of a beat

/** Events: "beats", when there are others; "choice". */
export class Metronome extends EventTarget {
  /** @type {Beat[]} */
  beats = [];
  /** @type {Choice} */
  choice = { isOn: false, volume: 100, bars: 0 };
  /** Settles when it is known whether there are beats. @type {Promise<unknown>} */
  ready = Promise.resolve();
  /** @type {{ graph: Graph, clicks: GainNode, counts: GainNode, sounds: AudioBuffer[] } | null} */
  #out = null;
  /** @type {Planned[]} */
  #planned = [];
  /** @type {Planned[]} of the count-in */
  #counted = [];
  #countedUntil = 0; // frame of the clock with which the music begins

  /** @param {number} rate in hertz */
  constructor(rate) {
    super();
    this.rate = rate;
  }

  /** How loud the clicks at the beats are, 0 to 2. */
  get gain() {
    return this.choice.isOn ? gainOf(this.choice.volume) : 0;
  }

  /** How many bars are counted in. */
  get bars() {
    return this.beats.length > 1 ? this.choice.bars : 0;
  }

  /** Whether it is counted in, and the music has not begun. */
  get isCounting() {
    return (this.#out?.graph.context.currentTime ?? Infinity) * this.rate < this.#countedUntil;
  }

  /** The beat of a bar that is counted now, from 1 on; null before the first one and while the music plays. */
  get counted() {
    const { currentTime = Infinity, outputLatency = 0 } = this.#out?.graph.context ?? {};
    const clock = (currentTime - (outputLatency || 0)) * this.rate;
    const last = clock < this.#countedUntil ? this.#counted.findLast(({ time }) => time <= clock) : null;
    return last ? last.beat.place + 1 : null;
  }

  /** @param {Partial<Choice>} changes */
  choose(changes) {
    this.choice = { ...this.choice, ...changes };
    this.#setVolume();
    this.dispatchEvent(new Event("choice"));
  }

  /** @param {Beat[]} beats */
  setBeats(beats) {
    this.#planned = this.#withdraw(this.#planned, 0);
    this.beats = beats;
    this.dispatchEvent(new Event("beats"));
  }

  /** @param {Graph} graph to be heard through */
  connect(graph) {
    const { context, master } = graph;
    const [clicks, counts] = [new GainNode(context), new GainNode(context)];
    for (const out of [clicks, counts]) out.connect(master);
    const sounds = [false, true].map((isAccent) => {
      const samples = clickSamples(isAccent, this.rate);
      const buffer = new AudioBuffer({ length: samples.length, sampleRate: this.rate });
      buffer.copyToChannel(samples, 0);
      return buffer;
    });
    this.#out = { graph, clicks, counts, sounds };
    clicks.gain.value = this.gain;
    counts.gain.value = this.gain || 1;
  }

  #setVolume() {
    if (!this.#out) return;
    const { graph, clicks, counts } = this.#out;
    clicks.gain.setTargetAtTime(this.gain, graph.context.currentTime, GLIDE);
    counts.gain.setTargetAtTime(this.gain || 1, graph.context.currentTime, GLIDE);
  }

  /**
   * @param {"clicks" | "counts"} way
   * @param {number} time
   * @param {Beat} beat
   * @returns {Planned[]}
   */
  #plan(way, time, beat) {
    if (!this.#out) return [];
    const { graph, sounds, [way]: out } = this.#out;
    const node = new AudioBufferSourceNode(graph.context, { buffer: sounds[beat.place === 0 ? 1 : 0] ?? null });
    node.connect(out);
    node.start(time / this.rate);
    return [{ time, beat, node }];
  }

  /**
   * Have the beats in a block of a run heard.
   * @param {Run} run
   * @param {Block} block
   * @param {number} earliest frame of the clock at which a click can begin
   */
  place(run, block, earliest) {
    const near = NEAR * this.rate;
    this.#planned = this.#planned.filter(({ time }) => time > earliest - this.rate);
    for (const { at, beat } of clicksIn(block, run.speed, this.beats)) {
      const time = (run.at ?? 0) + at;
      const again = this.#planned.some((each) => each.beat === beat && Math.abs(each.time - time) < near);
      if (time >= earliest && !again) this.#planned.push(...this.#plan("clicks", time, beat));
    }
  }

  /**
   * Count in from a frame of the clock on; returns the frames until the music begins.
   * @param {number} begin
   * @param {number} frame of the song with which it begins
   * @param {number} speed in percent
   */
  count(begin, frame, speed) {
    const { lead, clicks } = countIn(this.beats, speed, this.bars, frame);
    this.#counted = clicks.flatMap(({ at, beat }) => this.#plan("counts", begin + at, beat));
    this.#countedUntil = lead && begin + lead;
    return lead;
  }

  /**
   * Take back the clicks from a frame of the clock on: something else is heard from there.
   * @param {number} clock
   */
  cut(clock) {
    if (clock < this.#countedUntil) this.#countedUntil = 0;
    this.#planned = this.#withdraw(this.#planned, clock + ROUNDING);
    this.#counted = this.#withdraw(this.#counted, clock + ROUNDING);
  }

  /**
   * @param {Planned[]} clicks
   * @param {number} clock
   * @returns {Planned[]} those before a frame of the clock
   */
  #withdraw(clicks, clock) {
    for (const { node } of clicks.filter(({ time }) => time >= clock)) node.disconnect();
    return clicks.filter(({ time }) => time < clock);
  }
}
