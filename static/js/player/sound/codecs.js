// Which kind of segments is fetched: FLAC, or Opus, which is a tenth as large. Touches nothing of the page.

/** @typedef {{ name: string, segment: number }} Codec `segment` in frames */
/** @typedef {"auto" | "lossless" | "small"} Quality */
/** @typedef {{ saveData?: boolean, effectiveType?: string, downlink?: number, type?: string }} Connection as browsers tell */

const FAST = 10; // megabits a second: four stems as FLAC need four

/**
 * Choose the codec; without a choice of the person by what the browser knows of the connection.
 * @param {Codec[]} codecs FLAC first
 * @param {Quality} quality
 * @param {Connection | undefined} connection undefined where the browser does not tell
 * @returns {Codec}
 */
export function chooseCodec(codecs, quality, connection) {
  const [flac] = codecs;
  if (!flac) throw new Error("there is no codec");
  const opus = codecs.find(({ name }) => name === "opus") ?? flac;
  if (quality !== "auto") return quality === "small" ? opus : flac;
  const { saveData, effectiveType, downlink = 0, type } = connection ?? {};
  const isFast = effectiveType === "4g" && downlink >= FAST && type !== "cellular" && !saveData;
  return isFast ? flac : opus;
}
