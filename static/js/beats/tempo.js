// The tempo of taps while somebody is tapping. What is stored is fitted by the server.

const FEWEST = 3;

/**
 * Estimate the tempo by the median distance between taps.
 * @param {number[]} taps in seconds, in order
 * @returns {number | null} beats a minute; null for too few taps
 */
export function tempoOf(taps) {
  if (taps.length < FEWEST) return null;
  const gaps = taps.slice(1).map((tap, n) => tap - (taps[n] ?? 0));
  gaps.sort((one, other) => one - other);
  const median = gaps[Math.floor(gaps.length / 2)] ?? 0;
  return median > 0 ? 60 / median : null;
}

/**
 * Find the beat that is nearest to a moment.
 * @param {number[]} beats in seconds, in order
 * @param {number} seconds
 * @returns {number} its index; -1 where there are no beats
 */
export function nearestBeat(beats, seconds) {
  let nearest = -1;
  let distance = Number.POSITIVE_INFINITY;
  beats.forEach((beat, n) => {
    if (Math.abs(beat - seconds) < distance) {
      nearest = n;
      distance = Math.abs(beat - seconds);
    }
  });
  return nearest;
}
