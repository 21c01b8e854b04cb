// The player of a song's page: engine, lanes, time line, keys.

import { Engine } from "stemoteca/engine";
import { listen } from "stemoteca/keys";
import { Mixer } from "stemoteca/mixer";
import { Ruler } from "stemoteca/ruler";
import { csrfToken } from "stemoteca/session";
import { Wave, loadPeaks } from "stemoteca/wave";
import { clock, say } from "stemoteca/words";

/** Bring the player in `root` to life with `set` (see Stage.player). */
export function start(root, set) {
  const engine = new Engine(set);
  const line = root.querySelector("[data-report]");
  const report = (sentence) => (line.textContent = sentence);
  const mixer = new Mixer(root, engine, report);
  const ruler = new Ruler(root, engine);
  const button = (name) => root.querySelector(`[data-do="${name}"]`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const waves = mixer.lanes.map((lane) => {
    const colour = getComputedStyle(lane.element).getPropertyValue("--stem").trim();
    return new Wave(lane.element.querySelector("canvas"), colour);
  });
  let drawing = null;
  /** Draw what there is by now, beginning anew or with what is not drawn yet. */
  const draw = async (anew) => {
    const before = waves.map((wave) => (anew ? null : wave.peaks) ?? new Float32Array(0));
    const more = await Promise.all(set.stems.map((stem, index) => loadPeaks(stem.address, before[index].length)));
    const all = more.map((peaks, index) => Float32Array.from([...before[index], ...peaks]));
    const loudest = all.reduce((most, peaks) => peaks.reduce((a, b) => (a > b ? a : b), most), 0);
    waves.forEach((wave, index) => wave.show(all[index], loudest, Math.ceil(set.frames / 4096)));
  };
  draw(true).catch(() => set.ready === null && report(say("network")));

  // One button: loop from here, loop to here, no loop. The keys A, B and L do each of them at any time.
  let loopStart = null;
  const loop = {
    from() {
      const { frame } = engine;
      loopStart = frame;
      engine.setLoop(engine.loop && engine.loop.to > frame ? { from: frame, to: engine.loop.to } : null);
      report(say("loopStart", { time: clock(frame / set.rate) }));
    },
    to() {
      const from = loopStart ?? 0;
      const to = engine.frame;
      engine.setLoop({ from, to });
      if (engine.loop) report(say("loopEnd", { from: clock(from / set.rate), to: clock(to / set.rate) }));
      else loop.off();
    },
    off() {
      loopStart = null;
      engine.setLoop(null);
      report(say("loopOff"));
    },
    next() {
      if (engine.loop) loop.off();
      else if (loopStart === null) loop.from();
      else loop.to();
    },
  };
  const showLoop = () => {
    const step = engine.loop ? 2 : Number(loopStart !== null);
    button("loop").classList.toggle("on", step > 0);
    root.querySelector("[data-loop-shows]").textContent = ["A–B", "A …", "A–B"][step];
    root.querySelector("[data-loop-does]").textContent = say(["loopFrom", "loopTo", "loopNone"][step]);
  };
  engine.addEventListener("loop", showLoop);

  const toggle = () => (engine.state === "stopped" ? engine.play() : engine.pause());
  const seek = (frame) => {
    engine.seek(frame);
    ruler.show(true);
  };
  const jump = (direction) => (event) => seek(engine.frame + direction * (event.shiftKey ? 1 : 5) * set.rate);

  button("play").addEventListener("click", toggle);
  button("start").addEventListener("click", () => seek(0));
  button("loop").addEventListener("click", loop.next);
  button("reset").addEventListener("click", () => mixer.reset());
  listen(
    {
      Space: toggle,
      Home: () => seek(0),
      ArrowLeft: jump(-1),
      ArrowRight: jump(1),
      a: loop.from,
      b: loop.to,
      l: loop.off,
      r: () => mixer.reset(),
    },
    (index, event) => {
      const lane = mixer.lanes[index];
      if (lane) event.shiftKey ? mixer.toggleSolo(lane) : mixer.toggleMute(lane);
    },
  );

  let lock = null;
  const stayAwake = async (awake) => {
    try {
      if (awake && (!lock || lock.released)) lock = await navigator.wakeLock?.request("screen");
      if (!awake && lock) {
        await lock.release();
        lock = null;
      }
    } catch {
      lock = null; // a low battery may refuse; the music goes on
    }
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) stayAwake(engine.state !== "stopped"); // a hidden page loses the lock
  });

  const levels = (playing) => {
    const at = Math.floor(engine.frame / 4096);
    mixer.lanes.forEach((lane, index) => {
      const { peaks, loudest } = waves[index];
      const level = playing && peaks ? ((peaks[at] ?? 0) / loudest) * Math.sqrt(mixer.loudness(lane)) : 0;
      lane.element.style.setProperty("--level", level.toFixed(2));
    });
  };
  const frame = () => {
    if (engine.state === "stopped") return;
    ruler.show();
    if (!calm.matches) levels(engine.state === "playing");
    requestAnimationFrame(frame);
  };

  let counted = false;
  /** Tell the library once that somebody plays this song. */
  const count = () => {
    if (counted) return;
    counted = true;
    const headers = { "X-CSRFToken": csrfToken() };
    fetch(`/tracks/${set.track}/played/`, { method: "POST", headers, keepalive: true }).catch(() => {});
  };

  engine.addEventListener("state", ({ detail }) => {
    if (engine.state === "playing") count();
    const stopped = engine.state === "stopped";
    root.dataset.playing = engine.state;
    button("play").setAttribute("aria-label", say(stopped ? "play" : "pause"));
    ruler.show(true);
    stayAwake(!stopped);
    if (stopped) levels(false);
    else requestAnimationFrame(frame);
    if (detail) report(say(detail));
    else if (stopped) report(say("paused", { time: clock(engine.frame / set.rate) }));
    else report(say(engine.state));
  });

  root.dataset.playing = engine.state;
  engine.prepare();
  return {
    engine,
    mixer,
    /** Play as soon as the page is there; where the browser wants a gesture first, say so. */
    async playUnasked() {
      if (engine.state !== "stopped" || (await engine.playUnasked())) return;
      report(say("pressPlay"));
      button("play").focus();
    },
    /** So many segments can be had by now; Infinity: the song is finished. */
    grow(segments) {
      if (segments === engine.timeline.there) return;
      engine.grow(segments);
      drawing = Promise.resolve(drawing)
        .then(() => draw(segments === Infinity))
        .catch(() => {}); // the next ones bring these along
    },
  };
}
