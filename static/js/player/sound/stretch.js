// Speed and key: their limits, the address of the page, and how time in the song and time that is heard belong
// together. Touches nothing of the page.

/** @typedef {{ speed: number, semitones: number, cents: number }} Stretch `speed` in percent; whole numbers */

export const LIMITS = { speed: [50, 150], semitones: [-12, 12], cents: [-50, 50] };

/** @type {Readonly<Stretch>} */
export const UNSTRETCHED = Object.freeze({ speed: 100, semitones: 0, cents: 0 });

/**
 * Change some of the values; what is no number stays, the others are rounded and kept within their limits.
 * @param {Stretch} stretch
 * @param {Partial<Stretch>} changes
 * @returns {Stretch}
 */
export function changeStretch(stretch, changes) {
  /** @param {"speed" | "semitones" | "cents"} name */
  const value = (name) => {
    const wanted = changes[name];
    if (wanted === undefined || !Number.isFinite(wanted)) return stretch[name];
    const [least = 0, most = 0] = LIMITS[name];
    return Math.min(Math.max(Math.round(wanted), least), most) + 0; // no -0
  };
  return { speed: value("speed"), semitones: value("semitones"), cents: value("cents") };
}

/**
 * Whether both sound the same.
 * @param {Stretch} one
 * @param {Stretch} other
 */
export function isSameStretch(one, other) {
  return one.speed === other.speed && one.semitones === other.semitones && one.cents === other.cents;
}

/**
 * Calculate the transposition in semitones. Drums have no key, nor have their parts, such as `drums-kick`.
 * @param {Stretch} stretch
 * @param {string} [stem]
 */
export function transposition({ semitones, cents }, stem = "") {
  return stem === "drums" || stem.startsWith("drums-") ? 0 : semitones + cents / 100;
}

/**
 * Stems that are stretched together: by `speed`, 1 for that of the song, and then resampled from `rate` hertz, which
 * makes them higher or lower.
 * @typedef {{ stems: number[], speed: number, rate: number }} Group
 */

/**
 * Part stems into those that keep their key and those that do not. The server makes mixes with the same groups and the
 * same numbers.
 * @param {Stretch} stretch
 * @param {string[]} names of all stems
 * @param {number[]} chosen
 * @param {number} rate in hertz
 * @returns {Group[]}
 */
export function stretchGroups(stretch, names, chosen, rate) {
  const tempo = stretch.speed / 100;
  const keys = new Map(chosen.map((stem) => [transposition(stretch, names[stem]), /** @type {number[]} */ ([])]));
  for (const stem of chosen) keys.get(transposition(stretch, names[stem]))?.push(stem);
  return [...keys].map(([key, stems]) => {
    const higher = Math.floor(rate * 2 ** (key / 12) + 0.5);
    return { stems, speed: (tempo * rate) / higher, rate: higher };
  });
}

/**
 * Read speed and key from an address: `?speed=75&key=-1.85`, the key in semitones.
 * @param {URLSearchParams} query
 */
export function stretchFrom(query) {
  /** @param {string} name */
  const number = (name) => Number.parseFloat(query.get(name) ?? "");
  const key = Math.round(100 * number("key"));
  const semitones = Math.sign(key) * Math.ceil(Math.abs(key) / 100 - 0.5); // 0.5 is 50 cents, not a semitone less 50
  return changeStretch(UNSTRETCHED, { speed: number("speed"), semitones, cents: key - 100 * semitones });
}

/**
 * Write speed and key into an address; what is as in the song is left out.
 * @param {URLSearchParams} query
 * @param {Stretch} stretch
 */
export function writeStretch(query, stretch) {
  const key = transposition(stretch);
  if (stretch.speed === 100) query.delete("speed");
  else query.set("speed", String(stretch.speed));
  if (key === 0) query.delete("key");
  else query.set("key", String(Number(key.toFixed(2))));
}

/**
 * Calculate how many frames are heard for so many of the song.
 * @param {number} frames of the song
 * @param {number} speed in percent
 */
export function heardFrames(frames, speed) {
  return Math.round((100 * frames) / speed);
}

/**
 * Calculate how many frames of the song are played in so many that are heard.
 * @param {number} heard frames
 * @param {number} speed in percent
 */
export function songFrames(heard, speed) {
  return Math.round((speed * heard) / 100);
}
