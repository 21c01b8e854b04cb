import assert from "node:assert/strict";
import { test } from "node:test";
import { Animation } from "stemoteca/player/animation";

/** @type {(() => void)[]} what the next frame of the screen calls */
let requested = [];
globalThis.requestAnimationFrame = (callback) => requested.push(() => callback(0));

function showFrame() {
  const callbacks = requested;
  requested = [];
  for (const callback of callbacks) callback();
}

test("it is drawn once in each frame, however often it was started, until it ends", () => {
  let drawn = 0;
  let isPlaying = true;
  const animation = new Animation(() => {
    drawn += 1;
    return isPlaying ? 0 : null;
  });
  for (let state = 0; state < 5; state += 1) animation.start();
  showFrame();
  animation.start();
  showFrame();
  assert.equal(drawn, 2);
  isPlaying = false;
  showFrame();
  showFrame();
  assert.equal(drawn, 3);
  animation.start();
  showFrame();
  assert.equal(drawn, 4);
});

test("what moves slowly is drawn less often", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let drawn = 0;
  const animation = new Animation(() => {
    drawn += 1;
    return 50;
  });
  animation.start();
  showFrame();
  showFrame();
  t.mock.timers.tick(49);
  animation.start();
  showFrame();
  assert.equal(drawn, 1);
  t.mock.timers.tick(1);
  showFrame();
  assert.equal(drawn, 2);
});
