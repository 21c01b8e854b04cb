// Draws what a stem looks like: bars from its peaks (one byte per 4096 samples), in the stem's colour.

import { callApi, NetworkError } from "stemoteca/api";

const BAR = 3; // CSS pixels from bar to bar
const GAP = 1;

/**
 * Load the peaks of a stem that can be had by now.
 * @param {string} address
 * @param {number} [start] so many of them are left out
 * @returns {Promise<Float32Array>}
 */
export async function loadPeaks(address, start = 0) {
  const { ok, status, body } = await callApi(`${address}?start=${start}`);
  if (!ok) throw new NetworkError(`status ${status}`);
  /** @type {{ peaks: number[], gain: number }} */
  const { peaks, gain } = body;
  return Float32Array.from(peaks, (peak) => peak / gain);
}

/**
 * Take the highest peak for each of `bars` bars.
 * @param {ArrayLike<number>} peaks the first ones, or all
 * @param {number} length how many peaks the bars stand for
 * @param {number} bars
 * @param {number} [start] the peak, or a place within it, at which they begin
 */
export function barHeights(peaks, length, bars, start = 0) {
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor(start + (bar * length) / bars);
    const to = Math.min(Math.max(from + 1, Math.floor(start + ((bar + 1) * length) / bars)), peaks.length);
    let highest = 0;
    for (let index = from; index < to; index += 1) highest = Math.max(highest, peaks[index] ?? 0);
    return highest;
  });
}

export class Waveform {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("stemoteca/player/view").View} view
   */
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.peaks = new Float32Array(0);
    this.loudest = 255;
    this.length = 0;
    new ResizeObserver(() => this.draw()).observe(canvas);
    view.addEventListener("change", () => this.draw());
  }

  /**
   * @param {Float32Array<ArrayBuffer>} peaks
   * @param {number} loudest the highest peak of all stems, so that they are drawn to one scale
   * @param {number} length how many peaks there will be in the end
   */
  show(peaks, loudest, length) {
    this.peaks = peaks;
    this.length = Math.max(length, peaks.length);
    this.loudest = Math.max(loudest, 1);
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    if (!width || !height || !pen) return;
    const density = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    pen.scale(density, density);
    pen.fillStyle = getComputedStyle(this.canvas).getPropertyValue("--stem").trim();
    const middle = height / 2;
    if (!this.peaks.length) {
      pen.fillRect(0, middle - 0.5, width, 1);
      return;
    }
    const { from, frames, zoom } = this.view;
    const start = (from / frames) * this.length;
    const shown = this.length / zoom;
    // Where there are fewer peaks than bars, each bar is as broad as a peak.
    const isBroad = zoom > 1 && shown < width / BAR;
    const first = isBroad ? Math.floor(start) : start;
    const count = isBroad ? Math.ceil(start + shown) - first : Math.max(1, Math.floor(width / BAR));
    const [bar, left] = isBroad ? [width / shown, ((first - start) * width) / shown] : [BAR, 0];
    for (const [index, peak] of barHeights(this.peaks, isBroad ? count : shown, count, first).entries()) {
      const half = Math.max(0.5, (peak / this.loudest) * (middle - 3));
      pen.fillRect(left + index * bar, middle - half, bar - GAP, 2 * half);
    }
  }
}
