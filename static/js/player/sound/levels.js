// How loud each lane of a mix is, from its volume, mute and solo, and which stems are heard. Touches nothing of the page.
//
// A lane that is unfolded stands for its parts: what it is set to holds for all of them, on top of their own settings.

/**
 * `volume` in percent, from 0 to 200; `pan` in percent, from -100 (left) to 100.
 * @typedef {{ muted: boolean, alone: boolean, volume: number, pan: number }} Level
 */

/** @typedef {Level & { isUnfolded?: boolean, parts?: Level[] }} Group a lane, with the parts of its stem */

export const LOUDEST = 200;

/**
 * The parts that are heard in place of a lane, if it is unfolded.
 * @template {Level} T
 * @param {{ isUnfolded?: boolean, parts?: T[] }} lane
 * @returns {T[]}
 */
export function partsOf({ isUnfolded = false, parts = [] }) {
  return isUnfolded ? parts : [];
}

/**
 * Calculate the gain of a lane, 0 to 2, or of a part of an unfolded one, 0 to 4.
 * @param {Level} lane
 * @param {Group[]} lanes all of them, as one that plays alone silences the others
 */
export function loudness(lane, lanes) {
  const group = lanes.find((each) => each === lane || each.parts?.includes(lane));
  const partsAlone = partsOf(group ?? {}).some((part) => part.alone);
  const isAlone = group?.alone || partsAlone;
  const someAlone = lanes.some((each) => each.alone || partsOf(each).some((part) => part.alone));
  if (!group || group.muted || (someAlone && !isAlone)) return 0;
  if (group === lane) return gainOf(lane.volume);
  if (lane.muted || (partsAlone && !lane.alone)) return 0;
  return gainOf(group.volume) * gainOf(lane.volume);
}

/**
 * Calculate the pan of a lane, -1 to 1; a part moves along with the lane that it is a part of.
 * @param {Level} lane
 * @param {Group[]} lanes
 */
export function panOf(lane, lanes) {
  const group = lanes.find((each) => each.parts?.includes(lane));
  return Math.min(Math.max((lane.pan + (group?.pan ?? 0)) / 100, -1), 1);
}

/**
 * Calculate the gain of a slider in percent: up to 100 its square, as ears hear it.
 * @param {number} slider
 */
export function gainOf(slider) {
  const volume = slider / 100;
  return volume > 1 ? volume : volume ** 2;
}

/**
 * Calculate where the slider of a gain stands, in whole percent.
 * @param {number} gain
 */
export function sliderOf(gain) {
  return Math.round(100 * (gain > 1 ? gain : Math.sqrt(gain)));
}

/**
 * Read a number that was remembered.
 * @param {unknown} stored
 * @param {number} otherwise where it is missing or makes no sense
 * @param {number} least
 * @param {number} most
 */
function within(stored, otherwise, least, most) {
  if (typeof stored !== "number" || !Number.isFinite(stored)) return otherwise;
  return Math.min(Math.max(stored, least), most);
}

/**
 * Read what was remembered of a lane; whatever is missing or makes no sense is as at first.
 * @param {any} stored
 * @returns {Level}
 */
export function levelFrom(stored) {
  return {
    muted: stored?.muted === true,
    alone: stored?.alone === true,
    volume: within(stored?.volume, 100, 0, LOUDEST),
    pan: within(stored?.pan, 0, -100, 100),
  };
}

/**
 * Say a level in decibels below the loudest sample there can be: 0.5 -> "−6 dB".
 * @param {number} peak 1 for the loudest
 */
export function decibels(peak) {
  if (peak < 0.001) return "−∞ dB";
  return `${Math.round(20 * Math.log10(peak))} dB`.replace("-", "−").replace("−0 ", "0 ");
}

/** @typedef {import("stemoteca/player/sound/graph").Graph} Graph */

/** Volume and pan of every stem, and which of them are heard: parts take the place of their stem. */
export class StemLevels {
  /** @type {Pick<Graph, "add" | "setLevel" | "setMaster"> | null} what plays them, once it is there */
  graph = null;
  master = 1;
  /** @type {Set<number>} stems whose place others have taken, or that have not taken theirs */
  #off = new Set();
  /** @type {Set<number>} stems that are heard as soon as they are there */
  #joining = new Set();
  /** @type {Set<number>} stems that are heard until then */
  #leaving = new Set();

  /**
   * @param {number} count of the stems, which are all heard
   * @param {() => void} onWanted is called when a stem is to be heard that was not
   */
  constructor(count, onWanted = () => undefined) {
    this.onWanted = onWanted;
    this.all = Array.from({ length: count }, () => ({ volume: 1, pan: 0 }));
  }

  /**
   * Set volume (0 to 4) and pan (-1 to 1) of a stem; changes glide.
   * @param {number} stem
   * @param {{ volume: number, pan: number }} level
   */
  set(stem, level) {
    const wasSilent = this.all[stem]?.volume === 0;
    this.all[stem] = level;
    this.graph?.setLevel(stem, level);
    if (wasSilent && level.volume > 0) this.onWanted();
  }

  /** @param {number} volume 0 to 1 */
  setMaster(volume) {
    this.master = volume;
    this.graph?.setMaster(volume);
  }

  /** The stems that are heard; only these are made. */
  get audible() {
    return this.#loud((stem) => !this.#off.has(stem));
  }

  /** The stems that will be heard as soon as they are there. */
  get joining() {
    return this.#loud((stem) => this.#joining.has(stem));
  }

  /** @param {(stem: number) => boolean} isChosen */
  #loud(isChosen) {
    return this.all.flatMap(({ volume }, stem) => (volume > 0 && isChosen(stem) ? [stem] : []));
  }

  /** Add a stem that is not heard yet; returns its number. */
  add() {
    this.#off.add(this.all.length);
    this.graph?.add({ volume: 0, pan: 0 });
    return this.all.push({ volume: 0, pan: 0 }) - 1;
  }

  /**
   * Have some stems heard in place of others, as soon as they are there, without a gap.
   * @param {number[]} joining
   * @param {number[]} leaving
   */
  exchange(joining, leaving) {
    for (const stem of leaving) if (!this.#joining.delete(stem)) this.#leaving.add(stem);
    for (const stem of joining) if (!this.#leaving.delete(stem)) this.#joining.add(stem);
    this.onWanted();
  }

  /**
   * Do what `exchange` announced, if all of that is there; returns whether something has changed.
   * @param {(stems: number[]) => boolean} isThere
   */
  settle(isThere = () => true) {
    if (!this.#joining.size && !this.#leaving.size) return false;
    if (!isThere(this.joining)) return false;
    for (const stem of this.#joining) this.#off.delete(stem);
    for (const stem of this.#leaving) this.#off.add(stem);
    this.#joining.clear();
    this.#leaving.clear();
    return true;
  }
}
