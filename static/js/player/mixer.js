// Mute, solo and volume of every lane; remembered for each song in this browser.

import { say } from "stemoteca/words";

const KEY = "stemoteca.mix.";

function remembered(track) {
  try {
    return JSON.parse(localStorage.getItem(KEY + track)) ?? {};
  } catch {
    return {};
  }
}

/** Event: "change", after whatever changed. */
export class Mixer extends EventTarget {
  /** `report(sentence)` tells people who listen to the page what changed. */
  constructor(root, engine, report) {
    super();
    this.engine = engine;
    this.report = report;
    const before = (this.before = remembered(engine.set.track));
    this.lanes = engine.set.stems.map((stem, index) => {
      const element = root.querySelector(`[data-lane="${stem.name}"]`);
      const known = before[stem.name] ?? {};
      const lane = {
        index,
        name: stem.name,
        label: element.getAttribute("aria-label"),
        element,
        mute: element.querySelector(".mute"),
        solo: element.querySelector(".solo"),
        range: element.querySelector("input[type=range]"),
        muted: known.muted === true,
        alone: known.alone === true,
        volume: Number.isFinite(known.volume) ? Math.min(Math.max(known.volume, 0), 100) : 100,
      };
      lane.mute.addEventListener("click", () => this.toggleMute(lane));
      lane.solo.addEventListener("click", () => this.toggleSolo(lane));
      lane.range.addEventListener("input", () => {
        lane.volume = Number(lane.range.value);
        this.apply();
      });
      return lane;
    });
    this.apply();
  }

  toggleMute(lane) {
    lane.muted = !lane.muted;
    this.report(say(lane.muted ? "muted" : "heard", { stem: lane.label }));
    this.apply();
  }

  toggleSolo(lane) {
    lane.alone = !lane.alone;
    const alone = this.lanes.filter((each) => each.alone).map((each) => each.label);
    this.report(alone.length ? say("alone", { stem: alone.join(", ") }) : say("reset"));
    this.apply();
  }

  reset() {
    for (const lane of this.lanes) Object.assign(lane, { muted: false, alone: false, volume: 100 });
    this.report(say("reset"));
    this.apply();
  }

  /** 0 to 1: how loud a lane is now. */
  loudness(lane) {
    const someAlone = this.lanes.some((each) => each.alone);
    return lane.muted || (someAlone && !lane.alone) ? 0 : (lane.volume / 100) ** 2;
  }

  apply() {
    for (const lane of this.lanes) {
      const loud = this.loudness(lane);
      lane.mute.setAttribute("aria-pressed", lane.muted);
      lane.solo.setAttribute("aria-pressed", lane.alone);
      lane.range.value = lane.volume;
      lane.range.setAttribute("aria-valuetext", say("volume", { percent: lane.volume }));
      lane.range.style.setProperty("--at", `${lane.volume}%`);
      lane.element.classList.toggle("silent", loud === 0);
      lane.element.classList.toggle("glows", lane.alone && !lane.muted);
      this.engine.setVolume(lane.index, loud);
    }
    const mix = Object.fromEntries(
      this.lanes.map(({ name, muted, alone, volume }) => [name, { muted, alone, volume }]),
    );
    try {
      localStorage.setItem(KEY + this.engine.set.track, JSON.stringify({ ...this.before, ...mix }));
    } catch {
      // a full or forbidden storage only means that the mix is not remembered
    }
    this.dispatchEvent(new Event("change"));
  }
}
