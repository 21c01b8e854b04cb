// A worker: SHA-256 of files of any size, piece by piece, off the page's own thread. The browser's own digest wants
// the whole file in memory, and is missing where the page came over plain http from another machine.
//
// In: { id, file } or { id, stop: true }. Out: { id, share } now and then, then { id, checksum } ("" when it cannot
// be read). Files are taken one after another, in the order in which they came. { id, file, nonce, ranges } asks for
// the digest of some pieces and is answered at once.

import { Sha256 } from "../../separator/sha256.js";

const PIECE = 1 << 22; // bytes

/** @type {Set<number>} */
const stopped = new Set();
let running = Promise.resolve();

/**
 * @param {number} id
 * @param {Blob} file
 */
async function hash(id, file) {
  const sum = new Sha256();
  for (let at = 0; at < file.size && !stopped.has(id); at += PIECE) {
    const piece = await file.slice(at, at + PIECE).arrayBuffer();
    sum.update(new Uint8Array(piece));
    postMessage({ id, share: Math.min(1, (at + PIECE) / file.size) });
  }
  return stopped.delete(id) ? "" : sum.hex();
}

/**
 * Calculate the digest of a nonce and of some pieces of the file.
 * @param {Blob} file
 * @param {string} nonce in hexadecimal
 * @param {{ offset: number, length: number }[]} ranges
 */
async function digest(file, nonce, ranges) {
  const sum = new Sha256().update(Uint8Array.from(nonce.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
  for (const { offset, length } of ranges) {
    sum.update(new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()));
  }
  return sum.hex();
}

/**
 * Send a checksum, "" where the file cannot be read: it is gone, or not this person's to read.
 * @param {number} id
 * @param {Promise<string>} calculating
 */
async function answer(id, calculating) {
  let checksum = "";
  try {
    checksum = await calculating;
  } catch (error) {
    if (!(error instanceof DOMException)) reportError(error); // the page hears of it, and waits for nothing
  }
  postMessage({ id, checksum });
}

addEventListener("message", ({ data: { id, file, stop, nonce, ranges } }) => {
  if (stop) stopped.add(id);
  else if (nonce) answer(id, digest(file, nonce, ranges));
  else running = running.then(() => answer(id, hash(id, file)));
});
