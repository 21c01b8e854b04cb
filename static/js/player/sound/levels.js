// How loud each lane of a mix is, from its volume, mute and solo. Touches nothing of the page.

/**
 * `volume` in percent, from 0 to 200; `pan` in percent, from -100 (left) to 100.
 * @typedef {{ muted: boolean, alone: boolean, volume: number, pan: number }} Level
 */

export const LOUDEST = 200;

/**
 * Calculate the gain of a volume in percent, 0 to 2: up to 100 % the square of it, as ears hear it.
 * @param {number} percent
 */
export function volumeGain(percent) {
  const volume = percent / 100;
  return volume > 1 ? volume : volume ** 2;
}

/**
 * Calculate the gain of a lane, 0 to 2.
 * @param {Level} lane
 * @param {Level[]} lanes all of them, as one that plays alone silences the others
 */
export function loudness(lane, lanes) {
  const someAlone = lanes.some((each) => each.alone);
  if (lane.muted || (someAlone && !lane.alone)) return 0;
  return volumeGain(lane.volume);
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
