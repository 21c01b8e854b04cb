// Values as text: times, sizes, addresses, and texts with places to fill in. Touches neither the page nor the network.

const PLACEHOLDER = "00000000-0000-0000-0000-000000000000";

/**
 * Fill the `{places}` of a text.
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function interpolate(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/**
 * Fill an id or a slug into an address that the page carries with the nil UUID in its place.
 * @param {string} pattern for example "/tracks/00000000-0000-0000-0000-000000000000/"
 * @param {string} id
 */
export function fillAddress(pattern, id) {
  return pattern.replace(PLACEHOLDER, encodeURIComponent(id));
}

/**
 * Format a time: 245.3 -> "4:05", 3725 -> "1:02:05".
 * @param {number} seconds
 */
export function formatTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/**
 * Format a time to the millisecond, as `parseTime` reads it: 62.5 -> "1:02.5", 3725 -> "62:05".
 * @param {number} seconds
 */
export function formatExactTime(seconds) {
  const milliseconds = Math.round(1000 * seconds);
  const rest = (milliseconds % 60_000) / 1000;
  return `${Math.floor(milliseconds / 60_000)}:${rest < 10 ? "0" : ""}${formatDecimal(rest, 3)}`;
}

/**
 * Read a time that somebody typed, in seconds: "1:05.5" -> 65.5, "65,5" -> 65.5. NaN for anything else.
 * @param {string} text
 */
export function parseTime(text) {
  const parts = /^\s*(?:(\d+):)?(\d+(?:[.,]\d+)?)\s*$/.exec(text);
  return parts ? 60 * Number(parts[1] ?? 0) + Number(parts[2]?.replace(",", ".")) : NaN;
}

/**
 * Format a file size in decimal units: 123_456 -> "124 kB", 9_870_000 -> "9.9 MB".
 * @param {number} bytes
 */
export function formatSize(bytes) {
  const mega = bytes / 1e6;
  if (mega < 1) return `${Math.ceil(bytes / 1e3)} kB`;
  return mega >= 1000 ? `${(mega / 1000).toFixed(1)} GB` : `${mega < 10 ? mega.toFixed(1) : Math.round(mega)} MB`;
}

/**
 * Round a remaining time so that it changes rarely while it is shown: to 5 seconds, from 55 seconds on to minutes.
 * @param {number} seconds
 * @returns {{ unit: "seconds" | "minutes", n: number }}
 */
export function roundRemainingTime(seconds) {
  if (seconds < 55) return { unit: "seconds", n: Math.max(5, 5 * Math.round(seconds / 5)) };
  return { unit: "minutes", n: Math.max(1, Math.round(seconds / 60)) };
}

/**
 * Turn a share from 0 to 1 into whole percent. 100 is kept for what is finished.
 * @param {number} share
 */
export function percentDone(share) {
  return Math.min(99, Math.floor(100 * share));
}

/**
 * Format a number with at most so many decimals, and none that are zero: (0.5, 3) -> "0.5".
 * @param {number} number
 * @param {number} places
 */
export function formatDecimal(number, places) {
  return String(Number(number.toFixed(places)));
}
