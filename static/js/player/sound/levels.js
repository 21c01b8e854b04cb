// How loud each lane of a mix is, from its volume, mute and solo. Touches nothing of the page.

/** @typedef {{ muted: boolean, alone: boolean, volume: number }} Level `volume` from 0 to 100 */

/**
 * Calculate the gain of a lane, 0 to 1: the square of its volume, as ears hear it.
 * @param {Level} lane
 * @param {Level[]} lanes all of them, as one that plays alone silences the others
 */
export function loudness(lane, lanes) {
  const someAlone = lanes.some((each) => each.alone);
  return lane.muted || (someAlone && !lane.alone) ? 0 : (lane.volume / 100) ** 2;
}

/**
 * Read what was remembered of a lane; whatever is missing or makes no sense is as at first.
 * @param {any} stored
 * @returns {Level}
 */
export function levelFrom(stored) {
  const volume = Number.isFinite(stored?.volume) ? Math.min(Math.max(stored.volume, 0), 100) : 100;
  return { muted: stored?.muted === true, alone: stored?.alone === true, volume };
}
