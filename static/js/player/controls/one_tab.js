// One tab plays at a time: whoever begins in one has the others pause.

const CHANNEL = "stemoteca.player";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */

/**
 * @param {Engine} engine
 * @param {AbortSignal} signal ends it
 */
export function playInOneTab(engine, signal) {
  const channel = new BroadcastChannel(CHANNEL);
  let wasStopped = true;
  engine.addEventListener("state", () => {
    const isStopped = engine.state === "stopped";
    if (wasStopped && !isStopped) channel.postMessage("play"); // which reaches all tabs but this one
    wasStopped = isStopped;
  });
  channel.addEventListener("message", () => engine.pause());
  signal.addEventListener("abort", () => channel.close());
}
