import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "stemoteca/player/sound/buffer_pool";
import { Scheduler } from "stemoteca/player/sound/scheduler";
import { Timeline } from "stemoteca/player/sound/timeline";

const RATE = 1000;

/** @param {string[]} methods */
const param = (...methods) => Object.fromEntries(methods.map((name) => [name, () => undefined]));

// What the browser brings: nothing is heard, and the clock stands still unless a test moves it.
const context = { currentTime: 0, outputLatency: 0 };
class Node {
  context = context;
  gain = param("setValueAtTime", "linearRampToValueAtTime", "cancelScheduledValues", "setTargetAtTime");
}
Object.assign(Node.prototype, param("connect", "disconnect", "start", "stop"));
class Memory {}
Object.assign(Memory.prototype, param("copyToChannel"));
Object.assign(globalThis, { GainNode: Node, AudioBufferSourceNode: Node, AudioBuffer: Memory });

/**
 * Make a scheduler of a song of 9 s with one stem, and note what it has made.
 * @param {import("node:test").TestContext} t
 * @param {number} [segment] frames of one
 */
function schedulerOf(t, segment = 9 * RATE) {
  context.currentTime = 0;
  t.after(() => {
    context.currentTime = Infinity; // whatever waits for its end
  });
  const timeline = new Timeline(9 * RATE, segment);
  /** @type {import("stemoteca/player/rendering/renderer").Piece[]} */
  const made = [];
  const renderer = {
    /** @param {import("stemoteca/player/rendering/renderer_client").Order} order */
    render: async ({ piece, length }) => {
      if (renderer.fails) throw renderer.fails;
      made.push(piece);
      return new Float32Array(2 * length);
    },
    recycle: () => undefined,
    /** @type {Error | null} */
    fails: null,
  };
  /** @type {Error[]} */
  const failures = [];
  const stretch = { speed: 100, semitones: 0, cents: 0 };
  const setup = {
    names: ["vocals"],
    timeline,
    source: { segments: { has: () => true }, renderer, stems: [{ name: "vocals" }] },
    pool: new BufferPool(400, RATE),
    metronome: { ...param("connect", "addEventListener", "place", "cut"), isCounting: false },
    audible: () => [0],
    stretch: () => ({ ...stretch }),
    onBegin: () => undefined,
    onFail: (/** @type {Error} */ error) => failures.push(error),
  };
  const scheduler = new Scheduler(/** @type {any} */ ({ context, lanes: [new Node()] }), /** @type {any} */ (setup));
  /** Have everything made that can be by now. */
  const settle = async () => {
    await new Promise(setImmediate);
    await scheduler.render();
  };
  return { scheduler, timeline, stretch, made, renderer, failures, settle };
}

test("a key that changes twice just before the end of the loop stays in it", async (t) => {
  const { scheduler, timeline, stretch, made, settle } = schedulerOf(t);
  timeline.loop = { from: 2 * RATE, to: 6 * RATE };
  const starting = scheduler.start(5.99 * RATE, false);
  stretch.semitones = 1;
  scheduler.change(); // comes while the first block is made, and goes on behind the few frames that are planned
  await starting;
  await settle();
  assert.ok(made.length > 2);
  assert.deepEqual(
    made.filter(({ to }) => to !== 6 * RATE),
    [],
  );
});

test("what plays plays on where a change cannot be made", async (t) => {
  const { scheduler, stretch, made, renderer, failures, settle } = schedulerOf(t);
  await scheduler.start(0, false);
  renderer.fails = new Error("the stretcher is not there");
  stretch.speed = 95;
  scheduler.change();
  await settle();
  assert.deepEqual(failures, [renderer.fails]);
  assert.equal(scheduler.stretch?.speed, 100);
  renderer.fails = null;
  context.currentTime = 2;
  await settle();
  assert.equal(made.at(-1)?.id, made[0]?.id);
});

test("little is scheduled right after a jump, and all segments of what is scheduled are named", async (t) => {
  const { scheduler, settle } = schedulerOf(t, RATE);
  await scheduler.start(0, false);
  assert.ok(scheduler.isSettling);
  assert.ok(scheduler.scheduled > 2 * RATE && scheduler.scheduled < 3 * RATE);
  context.currentTime = 1.1;
  await settle();
  assert.ok(!scheduler.isSettling);
  assert.ok(scheduler.scheduled > 5.1 * RATE);
  context.currentTime = 2.9;
  scheduler.forget();
  await settle();
  assert.deepEqual([...new Set(scheduler.segments)], [1, 2, 3, 4, 5, 6]);
  scheduler.jump(8 * RATE);
  assert.ok(scheduler.isSettling);
});
