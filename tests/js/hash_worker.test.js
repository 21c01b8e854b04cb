import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

// The worker speaks by messages; here they are caught on the way.
/** @type {(event: { data: object }) => void} */
let send = () => assert.fail("the worker does not listen");
/** @type {{ id: number, share?: number, checksum?: string }[]} */
const sent = [];
Object.assign(globalThis, {
  /**
   * @param {string} _type
   * @param {typeof send} listener
   */
  addEventListener(_type, listener) {
    send = listener;
  },
  /** @param {{ id: number }} answer */
  postMessage(answer) {
    sent.push(answer);
  },
});
await import("stemoteca/upload/hash_worker");

/** @param {number} id */
async function checksumOf(id) {
  for (;;) {
    const answer = sent.find((each) => each.id === id && each.checksum !== undefined);
    if (answer) return answer.checksum;
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("checksums are those of SHA-256 at every edge of a block and of a piece", async () => {
  const lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 4_194_303, 4_194_304, 4_194_305];
  for (const [id, length] of lengths.entries()) {
    const bytes = Buffer.from(Uint8Array.from({ length }, (_, n) => (n * 31 + (n >> 8) * 7) & 255));
    send({ data: { id, file: new Blob([bytes]) } });
    assert.equal(await checksumOf(id), sha256(bytes), `${length} bytes`);
  }
});

test("a proof is the digest of the nonce and the pieces asked for", async () => {
  const bytes = Buffer.from("0123456789abcdef");
  const ranges = [
    { offset: 10, length: 3 },
    { offset: 0, length: 2 },
  ];
  send({ data: { id: 100, file: new Blob([bytes]), nonce: "00ff10", ranges } });
  assert.equal(await checksumOf(100), sha256(Buffer.concat([Buffer.from("00ff10", "hex"), Buffer.from("abc01")])));
});

test("a file that cannot be read has no checksum, and the next one is not kept waiting", async () => {
  const gone = {
    size: 10,
    slice: () => ({ arrayBuffer: async () => assert.fail(new DOMException("", "NotFoundError")) }),
  };
  send({ data: { id: 200, file: gone } });
  send({ data: { id: 201, file: new Blob(["x"]) } });
  assert.equal(await checksumOf(200), "");
  assert.equal(await checksumOf(201), sha256(Buffer.from("x")));
});

test("a file that is taken off the list is not read to its end", async () => {
  send({ data: { id: 300, file: new Blob([new Uint8Array(20_000_000)]) } });
  send({ data: { id: 300, stop: true } });
  assert.equal(await checksumOf(300), "");
});
