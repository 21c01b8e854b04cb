import assert from "node:assert/strict";
import { test } from "node:test";
import { FilePool } from "stemoteca/player/sound/file_pool";

/** @param {number} length @param {number} seed */
const bytes = (length, seed) => Uint8Array.from({ length }, (_, at) => (at * 31 + seed) % 251);

/** @param {Uint8Array<ArrayBuffer>} content @param {number} [told] length that the answer tells */
const answer = (content, told = content.length) => {
  return new Response(new Blob([content]).stream(), { headers: { "Content-Length": String(told) } });
};

test("files are read into memory that was given back", async () => {
  const files = new FilePool();
  const first = await files.read(answer(bytes(300_000, 1)));
  assert.deepEqual(first, bytes(300_000, 1));
  files.give(first.buffer);
  const second = await files.read(answer(bytes(200_000, 2)));
  assert.deepEqual(second, bytes(200_000, 2));
  assert.equal(second.buffer, first.buffer);
  const third = await files.read(answer(bytes(200_000, 3)));
  assert.notEqual(third.buffer, second.buffer, "which is in use");
  assert.deepEqual(second, bytes(200_000, 2));
});

test("files are read whole that are longer than was told, or of unknown length", async () => {
  const files = new FilePool();
  for (const told of [10, 0]) {
    const content = bytes(700_000, told);
    assert.deepEqual(await files.read(answer(content, told)), content);
  }
});

test("files are read where the browser brings its own memory only", async () => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes(1000, 5));
      controller.close();
    },
  });
  assert.deepEqual(await new FilePool().read(new Response(body)), bytes(1000, 5));
});
