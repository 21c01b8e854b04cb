// Draws what a stem looks like: bars from its peaks (one byte per 4096 samples), in the stem's colour.

const BAR = 3; // CSS pixels from bar to bar
const GAP = 1;

/** The peaks of a stem (Uint8Array), from its `peaks/` address. */
export async function loadPeaks(address) {
  const answer = await fetch(`${address}peaks/`);
  if (!answer.ok) throw new Error("network");
  if (!answer.headers.get("Content-Type")?.includes("json")) return new Uint8Array(await answer.arrayBuffer());
  const body = await answer.json();
  return Uint8Array.from(body.peaks ?? body);
}

export class Wave {
  /** `loudest` is the highest peak of all stems, so that they are drawn to one scale. */
  constructor(canvas, colour) {
    this.canvas = canvas;
    this.colour = colour;
    this.peaks = null;
    this.loudest = 255;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(peaks, loudest) {
    this.peaks = peaks;
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
      const from = Math.floor((bar * this.peaks.length) / bars);
      const to = Math.max(from + 1, Math.floor(((bar + 1) * this.peaks.length) / bars));
      let peak = 0;
      for (let i = from; i < to; i += 1) if (this.peaks[i] > peak) peak = this.peaks[i];
      const half = Math.max(0.5, (peak / this.loudest) * (middle - 3));
      pen.fillRect(bar * BAR, middle - half, BAR - GAP, 2 * half);
    }
  }
}
