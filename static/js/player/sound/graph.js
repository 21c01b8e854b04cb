// The audio graph: a lane with volume and pan for each stem, and the volume of them all.
//
//   run (fades) -> lane -> pan -> master -> ears

const GLIDE = 0.012; // seconds: no volume jumps

export class Graph {
  #closing = new AbortController();

  /**
   * @param {AudioContext} context
   * @param {{ volume: number, pan: number }[]} levels of the stems
   * @param {number} master
   * @param {() => void} onInterrupted is called when a call, or another program, took the sound away
   */
  constructor(context, levels, master, onInterrupted) {
    this.context = context;
    const listener = () => ["suspended", "interrupted"].includes(context.state) && onInterrupted();
    context.addEventListener("statechange", listener, { signal: this.#closing.signal });
    this.master = new GainNode(context, { gain: master });
    this.master.connect(context.destination);
    /** @type {StereoPannerNode[]} */
    this.pans = [];
    /** @type {GainNode[]} */
    this.lanes = [];
    for (const level of levels) this.add(level);
  }

  /** @param {{ volume: number, pan: number }} level of one more stem */
  add({ volume, pan }) {
    const lane = new GainNode(this.context, { gain: volume });
    const panner = new StereoPannerNode(this.context, { pan });
    lane.connect(panner).connect(this.master);
    this.lanes.push(lane);
    this.pans.push(panner);
  }

  /**
   * @param {AudioParam | undefined} parameter
   * @param {number} value
   */
  #glide(parameter, value) {
    parameter?.setTargetAtTime(value, this.context.currentTime, GLIDE);
  }

  /**
   * @param {number} stem
   * @param {{ volume: number, pan: number }} level
   */
  setLevel(stem, { volume, pan }) {
    this.#glide(this.lanes[stem]?.gain, volume);
    this.#glide(this.pans[stem]?.pan, pan);
  }

  /** @param {number} volume */
  setMaster(volume) {
    this.#glide(this.master.gain, volume);
  }

  /** Let go of the context, which may live longer. */
  close() {
    this.#closing.abort();
    this.master.disconnect();
  }
}
