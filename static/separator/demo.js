// A page that separates a song: see demo.html.

import { load, RATE } from "./separator.js";

const WEIGHTS = "../../separation/engines/spleeter/bundled/"; // in the repository

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [select, file] = [
  /** @type {HTMLSelectElement} */ (find("model")),
  /** @type {HTMLInputElement} */ (find("file")),
];
const stop = /** @type {HTMLButtonElement} */ (find("stop"));

/** @type {import("./core.js").Description[]} */
const models = await (await fetch("models.json")).json();
select.append(...models.map(({ name }) => new Option(name)));

/** @param {File} song */
async function separate(song) {
  const aborting = new AbortController();
  stop.onclick = () => aborting.abort();
  stop.disabled = false;
  const { signal } = aborting;
  const chosen = /** @type {import("./core.js").Description} */ (models[select.selectedIndex]);
  const files = chosen.weights.files.map((file) => file.replace("models/", WEIGHTS));
  const separator = await load({ ...chosen, weights: { ...chosen.weights, files } }, { signal });
  try {
    const decoded = await new OfflineAudioContext(2, 1, RATE).decodeAudioData(await song.arrayBuffer());
    const left = decoded.getChannelData(0);
    const right = decoded.numberOfChannels > 1 ? decoded.getChannelData(1) : left;
    const stems = chosen.stems.map(
      () => new AudioBuffer({ length: left.length, sampleRate: RATE, numberOfChannels: 2 }),
    );
    const onProgress = (/** @type {number} */ share) => {
      find("status").textContent = `${Math.round(100 * share)} %`;
    };
    for await (const piece of separator.separate([left, right], { signal, onProgress })) {
      for (const [stem, channels] of piece.stems.entries()) {
        for (const [side, samples] of channels.entries())
          stems[stem]?.copyToChannel(Float32Array.from(samples), side, piece.from);
      }
    }
    offer(chosen.stems, stems);
  } finally {
    separator.close();
    stop.disabled = true;
  }
}

/** @param {string[]} names @param {AudioBuffer[]} stems */
function offer(names, stems) {
  const context = new AudioContext();
  const buttons = stems.map((stem, index) => {
    const button = document.createElement("button");
    button.textContent = `Play ${names[index]}`;
    /** @type {AudioBufferSourceNode | null} */
    let playing = null;
    button.onclick = () => {
      playing?.stop();
      playing = playing ? null : new AudioBufferSourceNode(context, { buffer: stem });
      playing?.connect(context.destination);
      playing?.start();
    };
    return button;
  });
  find("stems").replaceChildren(...buttons);
}

file.addEventListener("change", async () => {
  const song = file.files?.[0];
  try {
    if (song) await separate(song);
  } catch (error) {
    find("status").textContent = String(error);
  }
});
