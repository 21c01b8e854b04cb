// Draws what a stem looks like: bars from its peaks (one byte per 4096 samples), in the stem's colour.

const BAR = 3; // CSS pixels from bar to bar
const GAP = 1;

/** The peaks of a stem that can be had by now, from its `peaks/` address; the first `start` of them left out. */
export async function loadPeaks(address, start = 0) {
  const answer = await fetch(`${address}peaks/?start=${start}`);
  if (!answer.ok) throw new Error("network");
  const { peaks, gain } = await answer.json();
  return Float32Array.from(peaks, (peak) => peak / gain);
}

export class Wave {
  /** `loudest` is the highest peak of all stems, so that they are drawn to one scale. */
  constructor(canvas, colour) {
    this.canvas = canvas;
    this.colour = colour;
    this.peaks = null;
    this.loudest = 255;
    this.length = 0;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** `length`: how many peaks there will be in the end. */
  show(peaks, loudest, length) {
    this.peaks = peaks;
    this.length = Math.max(length, peaks.length);
    this.loudest = Math.max(loudest, 1);
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * dense);
    this.canvas.height = Math.round(height * dense);
    const pen = this.canvas.getContext("2d");
    pen.scale(dense, dense);
    pen.fillStyle = this.colour;
    const middle = height / 2;
    if (!this.peaks?.length) {
      pen.fillRect(0, middle - 0.5, width, 1);
      return;
    }
    const bars = Math.max(1, Math.floor(width / BAR));
    for (let bar = 0; bar < bars; bar += 1) {
      const from = Math.floor((bar * this.length) / bars);
      const to = Math.max(from + 1, Math.floor(((bar + 1) * this.length) / bars));
      let peak = 0;
      for (let i = from; i < Math.min(to, this.peaks.length); i += 1) if (this.peaks[i] > peak) peak = this.peaks[i];
      const half = Math.max(0.5, (peak / this.loudest) * (middle - 3));
      pen.fillRect(bar * BAR, middle - half, BAR - GAP, 2 * half);
    }
  }
}
