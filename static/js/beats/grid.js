// The beats of a song, in its frames: their places in bars, and which one is near. Touches nothing of the page.

/**
 * `place` in its bar, 0 is the one; `perBar`: beats of that bar; `bar` counts from 1, beats before the first bar are in 0.
 * @typedef {{ frame: number, place: number, perBar: number, bar: number }} Beat
 */

/**
 * Count the beats within their bars, as the server does.
 * @param {number[]} frames of all beats, in order
 * @param {{ beat: number, beats_per_bar: number }[]} bars where bars of so many beats begin; the first one also holds
 *   for the beats before it
 * @returns {Beat[]}
 */
export function countBeats(frames, bars) {
  let [entry, bar] = [0, 0];
  return frames.map((frame, index) => {
    while ((bars[entry + 1]?.beat ?? Infinity) <= index) entry += 1;
    const { beat = 0, beats_per_bar: perBar = 1 } = bars[entry] ?? {};
    const place = (((index - beat) % perBar) + perBar) % perBar;
    if (place === 0) bar += 1;
    return { frame, place, perBar, bar };
  });
}

/**
 * Find the first beat at or after a frame: its index, or the number of beats where there is none.
 * @param {Beat[]} beats
 * @param {number} frame
 */
export function firstBeatFrom(beats, frame) {
  let [low, high] = [0, beats.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Beat} */ (beats[middle]).frame < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Find the beat after a frame (`direction` 1) or before it (-1); null where there is none.
 * @param {Beat[]} beats
 * @param {number} frame
 * @param {number} direction
 */
export function nextBeat(beats, frame, direction) {
  const index = direction > 0 ? firstBeatFrom(beats, frame + 1) : firstBeatFrom(beats, frame) - 1;
  return beats[index]?.frame ?? null;
}

/**
 * Move a frame to the nearest beat, or to the beginning or the end of the song where that is nearer. A frame more than
 * half a beat before the first one, or after the last one, stays.
 * @param {Beat[]} beats
 * @param {number} frame
 * @param {number} length of the song, in frames
 */
export function snapToBeat(beats, frame, length) {
  if (beats.length < 2) return frame;
  const after = Math.min(Math.max(firstBeatFrom(beats, frame), 1), beats.length - 1);
  const [left, right] = [beats[after - 1]?.frame ?? 0, beats[after]?.frame ?? 0];
  let [nearest, reach] = [frame, (right - left) / 2];
  for (const candidate of [left, right, 0, length]) {
    const distance = Math.abs(candidate - frame);
    if (distance > reach) continue;
    nearest = candidate;
    reach = distance;
  }
  return nearest;
}
