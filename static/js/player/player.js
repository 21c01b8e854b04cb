// The player of a song's page: engine, lanes, time line, keyboard.

import { callApi, NetworkError, waitForNetwork } from "stemoteca/api";
import { findElement, getElement } from "stemoteca/dom";
import { formatTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { PlayerAddress } from "stemoteca/player/address";
import { Animation } from "stemoteca/player/animation";
import { listenToKeyboard } from "stemoteca/player/controls/keyboard";
import { LoopControls } from "stemoteca/player/controls/loop";
import { showMediaSession } from "stemoteca/player/controls/media_session";
import { MetronomeControls } from "stemoteca/player/controls/metronome";
import { Mixer } from "stemoteca/player/controls/mixer";
import { MyPart } from "stemoteca/player/controls/my_part";
import { playInOneTab } from "stemoteca/player/controls/one_tab";
import { offerQuality, readQuality } from "stemoteca/player/controls/quality";
import { Ruler } from "stemoteca/player/controls/ruler";
import { SavedLoops } from "stemoteca/player/controls/saved_loops";
import { ScreenLock } from "stemoteca/player/controls/screen_lock";
import { offerTrainer } from "stemoteca/player/controls/speed_trainer";
import { StretchControls } from "stemoteca/player/controls/stretch_controls";
import { Unfolding } from "stemoteca/player/controls/unfolding";
import { offerZoom } from "stemoteca/player/controls/zoom";
import { keepMixInAddress } from "stemoteca/player/mix_in_address";
import { loadPractice } from "stemoteca/player/practice";
import { Preset } from "stemoteca/player/preset";
import { Engine } from "stemoteca/player/sound/engine";
import { View } from "stemoteca/player/view";
import { loadPeaks, Waveform } from "stemoteca/player/waveform";

/**
 * The addresses of a stem's first segment and of its peaks. A part of another one is called `drums-kick`.
 * @typedef {{ name: string, segments: string, peaks: string }} StemAddresses
 */

/** @typedef {{ separation: string, stems: StemAddresses[] }} Parts what a stem was separated into, with its id */

/**
 * What the page says of a recording and its stems. `ready`: segments that can be had by now, null for all of them.
 * @typedef {object} Recording
 * @property {string} track
 * @property {number} frames
 * @property {number} rate in hertz
 * @property {number} segment frames in each FLAC segment
 * @property {import("stemoteca/player/sound/codecs").Codec[]} [codecs] FLAC first
 * @property {number | null} ready
 * @property {string} played address that counts a play
 * @property {(StemAddresses & { parts?: Parts })[]} stems
 * @property {Local} [local] gives both, where the stems are in this browser
 */

/**
 * Stems that no server has: `segment` answers like one.
 * @typedef {object} Local
 * @property {(address: string) => Promise<Response>} segment
 * @property {(stem: number, from: number) => Float32Array} peaks
 */

/** @typedef {ReturnType<typeof startPlayer>} Player */

const SAMPLES_PER_PEAK = 4096;
const LOUDEST_PEAK = 255;
const METER = 0.5; // of the time that a peak stands for: meters look again
const CLOCK = 250; // milliseconds
const RETRY = 3000; // milliseconds after which a line that was gone is tried again

/**
 * Bring the player in `root` to life.
 * @param {HTMLElement} root
 * @param {Recording} recording
 * @param {object} [options]
 * @param {() => AudioContext} [options.makeContext] gives the audio context when it is needed
 * @param {URL} [options.address] of its page, where that is not the one that is shown
 * @param {string | null} [options.cover] address of a picture
 */
export function startPlayer(root, recording, { makeContext, address: url, cover = null } = {}) {
  const engine = new Engine(recording, makeContext, readQuality());
  const address = new PlayerAddress(root, url);
  const closing = new AbortController();
  const line = getElement(root, "[data-report]", HTMLElement);
  /** @param {string} sentence */
  const report = (sentence) => {
    line.textContent = sentence;
  };
  /** @param {string} name */
  const button = (name) => getElement(root, `[data-do="${name}"]`, HTMLButtonElement);
  const mixer = new Mixer(root, engine, report);
  const view = new View(recording.frames, recording.rate);
  const metronome = new MetronomeControls(root, engine, report);
  const loop = new LoopControls(root, engine, view, address, report);
  const ruler = new Ruler(root, engine, view, (part, isExact) => loop.draw(part, isExact));
  const { zoomIn, zoomOut } = offerZoom(root, engine, view, report);
  const stretch = new StretchControls(root, engine, address, report);
  offerTrainer(root, stretch);
  /** @type {Map<import("stemoteca/player/controls/mixer").Lane, Waveform>} */
  const waveforms = new Map();
  /**
   * Draw what there is by now of some lanes.
   * @param {boolean} anew all of it, or only what is not drawn yet
   * @returns {Promise<boolean>} whether it could be loaded
   */
  const draw = async (anew, lanes = mixer.lanes) => {
    for (const lane of lanes.filter((each) => !waveforms.has(each))) {
      waveforms.set(lane, new Waveform(getElement(lane.element, "canvas", HTMLCanvasElement), view));
    }
    try {
      const loaded = new Map(
        await Promise.all(
          lanes.map(async (lane) => {
            const drawn = anew ? [] : (waveforms.get(lane)?.peaks ?? []);
            const more = recording.local
              ? recording.local.peaks(mixer.lanes.indexOf(lane), drawn.length)
              : await loadPeaks(lane.stem.peaks, drawn.length);
            return /** @type {const} */ ([lane, Float32Array.from([...drawn, ...more])]);
          }),
        ),
      );
      const all = [...waveforms].map(([lane, { peaks }]) => loaded.get(lane) ?? peaks);
      const loudest = all.reduce((most, peaks) => peaks.reduce((a, b) => Math.max(a, b), most), 0);
      const length = Math.ceil(recording.frames / SAMPLES_PER_PEAK);
      for (const [index, waveform] of [...waveforms.values()].entries()) {
        waveform.show(/** @type {Float32Array<ArrayBuffer>} */ (all[index]), loudest, length);
      }
      return true;
    } catch (error) {
      if (error instanceof NetworkError) return false;
      throw error;
    }
  };
  /** Draw all of it as soon as there is a line. */
  const drawAll = async () => {
    while (!(await draw(true)) && !closing.signal.aborted) {
      if (recording.ready !== null) return; // what cannot be loaded now comes with the next segments
      report(message("network"));
      await waitForNetwork(RETRY);
    }
    if (line.textContent === message("network")) report("");
  };
  /** @type {Promise<unknown>} */
  let drawing = drawAll();

  const unfolding = new Unfolding(root, mixer, {
    address: address.url,
    onParts: (lanes) => {
      for (const { element } of lanes) ruler.listen(getElement(element, "[data-wave]", HTMLElement));
      drawing = drawing.then(() => draw(true, lanes));
    },
    report,
    signal: closing.signal,
  });
  keepMixInAddress(mixer, address, unfolding);
  const part = new MyPart(root, mixer, report);
  const preset = new Preset(root, mixer, stretch, unfolding, closing.signal);
  const loops = findElement(root, "[data-saved-loops]", HTMLDetailsElement);
  const savedLoops = loops && new SavedLoops(loops, engine, stretch);
  const practice = loadPractice(root.dataset.practice);
  practice.then((kept) => {
    if (!kept) return;
    part.follow(kept);
    preset.follow(kept.preset);
    savedLoops?.show(kept.loops);
  });
  const shortcuts = getElement(root, "[data-shortcuts]", HTMLDialogElement);
  const screenLock = new ScreenLock(() => engine.state !== "stopped", closing.signal);
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

  const toggle = () => (engine.state === "stopped" ? engine.play() : engine.pause());
  /** @param {number} frame */
  const seek = (frame) => {
    engine.seek(frame);
    view.reveal(frame);
    ruler.show(true);
  };
  /** @param {1 | -1} direction @returns {(event: KeyboardEvent) => void} */
  const jump = (direction) => (event) => seek(engine.frame + direction * (event.shiftKey ? 1 : 5) * recording.rate);

  button("play").addEventListener("click", toggle);
  button("start").addEventListener("click", () => seek(0));
  button("reset").addEventListener("click", () => mixer.reset());
  button("shortcuts").addEventListener("click", () => shortcuts.showModal());
  button("close-shortcuts").addEventListener("click", () => shortcuts.close());
  listenToKeyboard(
    {
      Space: toggle,
      Home: () => seek(0),
      End: () => seek(recording.frames - recording.rate),
      ArrowLeft: jump(-1),
      ArrowRight: jump(1),
      a: () => loop.startHere(),
      b: () => loop.endHere(),
      l: () => loop.remove(),
      m: () => part.toggle(),
      k: () => metronome.toggle(),
      z: ({ shiftKey }) => (shiftKey ? zoomOut() : zoomIn()),
      r: () => mixer.reset(),
      "+": () => stretch.faster(),
      "-": () => stretch.slower(),
      "[": () => stretch.step("semitones", -1),
      "]": () => stretch.step("semitones", 1),
      Digit0: () => stretch.reset(),
      "?": () => shortcuts.open || shortcuts.showModal(),
    },
    (index, event) => {
      const lane = mixer.lanes[index];
      if (!lane) return;
      if (event.shiftKey) mixer.toggleSolo(lane);
      else mixer.toggleMute(lane);
    },
    closing.signal,
    () => root.isConnected,
  );

  /** @param {boolean} playing */
  const showLevels = (playing) => {
    const at = Math.floor(engine.frame / SAMPLES_PER_PEAK);
    for (const lane of mixer.shown) {
      const waveform = waveforms.get(lane);
      const peak = playing && waveform ? (waveform.peaks[at] ?? 0) : 0;
      mixer.showLevel(lane, playing ? peak / LOUDEST_PEAK : null, peak / (waveform?.loudest ?? 1));
    }
  };
  const animation = new Animation(() => {
    if (engine.state === "stopped" || !root.isConnected) return null;
    view.follow(engine.frame);
    ruler.show();
    if (reducedMotion.matches) return Math.min(ruler.pause, CLOCK);
    showLevels(engine.state === "playing" && !engine.metronome.isCounting);
    return Math.min(ruler.pause, METER * ((1000 * SAMPLES_PER_PEAK) / recording.rate));
  });

  let counted = false;
  /** Tell the library once that somebody plays this song. */
  const countPlay = async () => {
    if (counted || recording.local) return;
    counted = true;
    try {
      await callApi(recording.played, { method: "POST", keepalive: true });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error; // one play less is no reason to bother anybody
    }
  };

  engine.addEventListener("state", (event) => {
    /** @type {string | null} */
    const reason = event instanceof CustomEvent ? event.detail : null;
    if (engine.state === "playing") countPlay();
    const stopped = engine.state === "stopped";
    root.dataset.playing = engine.state;
    button("play").setAttribute("aria-label", message(stopped ? "play" : "pause"));
    ruler.show(true);
    screenLock.update();
    if (stopped) showLevels(false);
    else animation.start();
    if (reason) report(message(reason));
    else if (stopped) report(message("paused", { time: formatTime(engine.frame / recording.rate) }));
    else report(message(engine.metronome.isCounting ? "countingIn" : engine.state));
  });

  const { title = "", artist = "" } = root.dataset;
  showMediaSession(engine, { title, artist, cover }, { toggle, seek }, closing.signal);
  playInOneTab(engine, closing.signal);
  root.dataset.playing = engine.state;
  offerQuality(root, engine);
  // Sound is fetched only for somebody who is about to play.
  for (const sign of ["pointerenter", "focus"]) button("play").addEventListener(sign, () => engine.prepare());
  return {
    engine,
    mixer,
    unfolding,
    loop,
    stretch,
    address,
    toggle,
    seek,
    closed: closing.signal,
    /** Show it on its page again: it may play on without one. */
    show() {
      shortcuts.close(); // left open, it would be a part of the page now
      address.show();
      ruler.show(true);
      animation.start();
    },
    /** End it: another player comes in its place. */
    close() {
      engine.close();
      closing.abort();
    },
    /**
     * Play as soon as the page is there; where the browser wants a gesture first, say so.
     * @param {() => boolean} [isWanted] whether it is to play when that is known
     */
    async playUnasked(isWanted = () => !closing.signal.aborted) {
      await practice; // which may say how it is played
      if (!isWanted() || engine.state !== "stopped") return;
      const isAllowed = await engine.unlock();
      if (!isWanted() || engine.state !== "stopped") return;
      if (isAllowed) {
        await engine.play();
        return;
      }
      report(message("pressPlay"));
      button("play").focus();
    },
    /**
     * Tell how many segments can be had by now; Infinity: the song is finished.
     * @param {number} segments
     */
    grow(segments) {
      if (segments === engine.timeline.available) return;
      engine.grow(segments);
      drawing = drawing.then(() => draw(segments === Infinity));
    },
  };
}
