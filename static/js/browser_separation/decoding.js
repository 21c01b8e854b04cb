// Decodes a file with the browser's own decoders. Works over plain http, unlike AudioDecoder. Files of the usual kinds come
// piece by piece; others are decoded as a whole, which takes 21 MB a minute, and are refused where they are long.

import { FileWindow } from "stemoteca/browser_separation/containers/file_window";
import { planFlac } from "stemoteca/browser_separation/containers/flac";
import { planMp3 } from "stemoteca/browser_separation/containers/mp3";
import { planOgg } from "stemoteca/browser_separation/containers/ogg";
import { planWav } from "stemoteca/browser_separation/containers/wav";
import { PieceDecoder, stereo } from "stemoteca/browser_separation/pieces";
import { resample, resampledLength } from "stemoteca/browser_separation/resampling";

/** @typedef {import("stemoteca-separator").Song} Song */

const PIECE = 10; // seconds
const PLANS = [planWav, planFlac, planOgg, planMp3]; // the last one searches

/** The file cannot be decoded. `reason` names the text that says so. */
export class DecodingError extends Error {
  /** @param {"empty" | "notAudio" | "damaged" | "tooLong" | "unreadableFile"} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * Open a file, to be decoded to two channels of a rate while it is used; those of a mono file are the same one.
 * @param {Blob} file
 * @param {number} rate in hertz
 * @param {number} limit in seconds, of files that are decoded as a whole
 * @returns {Promise<Song>} its pieces throw DecodingError
 * @throws {DecodingError}
 */
export async function openSong(file, rate, limit) {
  if (!file.size) throw new DecodingError("empty");
  try {
    return (await openPieces(file, rate)) ?? (await decodeWhole(file, rate, limit));
  } catch (error) {
    throw decodingError(error, "notAudio");
  }
}

/**
 * @param {Blob} file
 * @param {number} rate
 * @returns {Promise<Song | null>} null where it cannot be decoded in pieces
 */
async function openPieces(file, rate) {
  for (const plan of PLANS) {
    const planned = await plan(new FileWindow(file), PIECE);
    if (!planned?.pieces.length) continue;
    const decoder = await openDecoder(file, planned);
    if (!decoder) return null;
    const pieces = damagedWhere(decoder.pieces());
    const length = resampledLength(decoder.length, planned.rate, rate);
    return { length, pieces: planned.rate === rate ? pieces : resample(pieces, planned.rate, rate) };
  }
  return null;
}

/**
 * @param {Blob} file
 * @param {import("stemoteca/browser_separation/pieces").Plan} plan
 */
async function openDecoder(file, plan) {
  try {
    const decoder = new PieceDecoder(file, plan);
    return (await decoder.open()) ? decoder : null;
  } catch (error) {
    if (error instanceof DOMException && error.name !== "NotReadableError") return null; // not this codec, not at this rate
    throw error;
  }
}

/**
 * @param {AsyncIterable<import("stemoteca-separator").Channels>} pieces
 * @returns {AsyncGenerator<import("stemoteca-separator").Channels, void, void>}
 */
async function* damagedWhere(pieces) {
  try {
    yield* pieces;
  } catch (error) {
    throw decodingError(error, "damaged");
  }
}

/**
 * @param {Blob} file
 * @param {number} rate
 * @param {number} limit
 * @returns {Promise<Song>}
 */
async function decodeWhole(file, rate, limit) {
  if ((await durationOf(file)) > limit) throw new DecodingError("tooLong");
  const decoded = await new OfflineAudioContext(2, 1, rate).decodeAudioData(await file.arrayBuffer());
  if (!decoded.length) throw new DecodingError("notAudio");
  return { length: decoded.length, pieces: [await stereo(decoded)] };
}

/**
 * How many seconds a file lasts, as far as its header says so.
 * @param {Blob} file
 * @returns {Promise<number>} Infinity where it does not, and NaN where the browser does not play it
 */
async function durationOf(file) {
  const audio = new Audio();
  audio.preload = "metadata";
  audio.src = URL.createObjectURL(file);
  try {
    return await new Promise((done) => {
      audio.addEventListener("loadedmetadata", () => done(audio.duration));
      audio.addEventListener("error", () => done(Number.NaN));
    });
  } finally {
    URL.revokeObjectURL(audio.src);
    audio.removeAttribute("src");
  }
}

/**
 * @param {unknown} error
 * @param {"notAudio" | "damaged"} reason why the browser does not decode it
 */
function decodingError(error, reason) {
  if (!(error instanceof DOMException)) return error;
  const isGone = error.name === "NotReadableError" || error.name === "NotFoundError";
  return new DecodingError(isGone ? "unreadableFile" : reason, error); // gone meanwhile, or not this person's to read
}
