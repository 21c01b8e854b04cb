// The levels of the lanes in the address of a page, so that whoever opens it hears the same: `mix=vocals.m bass.v60.p-20`,
// by the name of the stem: muted (m), solo (s), volume and pan in percent. What is as in the song is left out. Touches
// nothing of the page.

import { levelFrom } from "stemoteca/player/sound/levels";

/** @typedef {import("stemoteca/player/sound/levels").Level} Level */

const USUAL = levelFrom(null);

/**
 * @param {URLSearchParams} query
 * @param {(Level & { name: string })[]} lanes
 */
export function writeMix(query, lanes) {
  const stems = lanes.flatMap(({ name, muted, alone, volume, pan }) => {
    const marks = [
      ...(muted ? ["m"] : []),
      ...(alone ? ["s"] : []),
      ...(volume !== USUAL.volume ? [`v${volume}`] : []),
      ...(pan !== USUAL.pan ? [`p${pan}`] : []),
    ];
    return marks.length ? [[name, ...marks].join(".")] : [];
  });
  if (stems.length) query.set("mix", stems.join(" "));
  else query.delete("mix");
}

/**
 * Read the levels by the name of the stem; null where the address says nothing of them.
 * @param {URLSearchParams} query
 * @returns {Record<string, Level> | null}
 */
export function readMix(query) {
  const mix = query.get("mix");
  if (mix === null) return null;
  /** @param {string[]} marks @param {string} kind */
  const number = (marks, kind) => Number(marks.find((mark) => mark.startsWith(kind))?.slice(1) ?? Number.NaN);
  return Object.fromEntries(
    mix.split(" ").map((stem) => {
      const [name = "", ...marks] = stem.split(".");
      const stored = {
        muted: marks.includes("m"),
        alone: marks.includes("s"),
        volume: number(marks, "v"),
        pan: number(marks, "p"),
      };
      return [name, levelFrom(stored)];
    }),
  );
}
