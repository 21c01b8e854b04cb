// The words of this page's scripts, in the language of the page.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/** The word called `name`, with `{key}` replaced from `values`. */
export function say(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** 245.3 -> "4:05", 3725 -> "1:02:05". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** "about 2 min left", rounded so that it does not twitch; empty for what is not known. */
export function left(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 55) return say("etaSeconds", { n: Math.max(5, 5 * Math.round(seconds / 5)) });
  return say("etaMinutes", { n: Math.max(1, Math.round(seconds / 60)) });
}
