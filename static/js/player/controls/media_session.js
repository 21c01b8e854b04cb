// The lock screen, the media keys and the buttons of a headset. Browsers show them for the sound of an audio element
// only, so a silent one plays along with the song.

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */

/** @type {MediaSessionAction[]} */
const ACTIONS = ["play", "pause", "seekbackward", "seekforward", "seekto"];
const SILENCE = { seconds: 8, rate: 8000 }; // browsers show nothing for less than five seconds

/** Make a silent sound file: WAV, 8 bits. */
function silence() {
  const length = SILENCE.seconds * SILENCE.rate;
  const file = new DataView(new ArrayBuffer(44 + length));
  /** @param {number} at @param {string} text */
  const write = (at, text) => {
    for (let index = 0; index < text.length; index += 1) file.setUint8(at + index, text.charCodeAt(index));
  };
  write(0, "RIFF");
  file.setUint32(4, 36 + length, true);
  write(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true); // mono
  file.setUint32(24, SILENCE.rate, true);
  file.setUint32(28, SILENCE.rate, true);
  file.setUint16(32, 1, true);
  file.setUint16(34, 8, true);
  write(36, "data");
  file.setUint32(40, length, true);
  new Uint8Array(file.buffer, 44).fill(128);
  return new Blob([file], { type: "audio/wav" });
}

/** @type {HTMLAudioElement | null} one for all songs: what a gesture has started once may start again without one */
let silent = null;

/** @type {Engine | null} what is shown */
let shown = null;

/** Get the silent sound. */
function silentAudio() {
  if (silent) return silent;
  silent = new Audio(URL.createObjectURL(silence()));
  silent.loop = true;
  return silent;
}

/**
 * @param {Engine} engine
 * @param {{ title: string, artist: string, cover: string | null }} song
 * @param {{ toggle: () => void, seek: (frame: number) => void }} actions
 * @param {AbortSignal} signal ends it
 */
export function showMediaSession(engine, { title, artist, cover }, { toggle, seek }, signal) {
  const session = navigator.mediaSession;
  if (!session) return;
  const { rate } = engine.recording;
  const artwork = cover ? [{ src: cover }] : [];
  signal.addEventListener("abort", () => {
    if (shown !== engine) return;
    shown = null;
    session.metadata = null;
    for (const action of ACTIONS) session.setActionHandler(action, null);
    session.playbackState = "none";
    silent?.pause();
  });
  const jump = (/** @type {number} */ seconds) => seek(engine.frame + seconds * rate);
  const showPosition = () => {
    const duration = engine.seconds;
    session.setPositionState?.({ duration, position: Math.min(engine.frame / rate, duration) });
  };
  const begin = () => {
    session.metadata = new MediaMetadata({ title, artist, artwork });
    session.setActionHandler("play", () => engine.state === "stopped" && toggle());
    session.setActionHandler("pause", () => engine.state !== "stopped" && toggle());
    session.setActionHandler("seekbackward", ({ seekOffset }) => jump(-(seekOffset ?? 5)));
    session.setActionHandler("seekforward", ({ seekOffset }) => jump(seekOffset ?? 5));
    session.setActionHandler("seekto", ({ seekTime }) => seek((seekTime ?? 0) * rate));
  };
  engine.addEventListener("state", async () => {
    const plays = engine.state !== "stopped";
    if (!plays && shown !== engine) return;
    if (shown !== engine) begin();
    shown = engine;
    const audio = silentAudio();
    session.playbackState = plays ? "playing" : "paused";
    showPosition();
    if (!plays) {
      audio.pause();
      return;
    }
    try {
      await audio.play();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // the song plays all the same
    }
  });
}
