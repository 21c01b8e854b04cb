// Decodes a file with the browser's own decoders. Works over plain http, unlike AudioDecoder.

const INEXACT = 0.01; // of a step of 16 bits: what float32 leaves of it

/** The file has no sound. `reason` names the text that says so. */
export class DecodingError extends Error {
  /** @param {"empty" | "notAudio" | "unreadableFile"} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * Decode all of a file to two channels of a rate; those of a mono file are the same one.
 * @param {Blob} file
 * @param {number} rate in hertz
 * @returns {Promise<[Float32Array, Float32Array]>}
 * @throws {DecodingError}
 */
export async function decode(file, rate) {
  if (!file.size) throw new DecodingError("empty");
  const bytes = await file.arrayBuffer().catch((error) => {
    throw new DecodingError("unreadableFile", error); // gone meanwhile, or not this person's to read
  });
  try {
    const decoded = await new OfflineAudioContext(2, 1, rate).decodeAudioData(bytes);
    if (!decoded.length) throw new DecodingError("notAudio");
    const sound = decoded.numberOfChannels > 2 ? await mixed(decoded) : decoded;
    const channels = Array.from({ length: sound.numberOfChannels }, (_, side) => sound.getChannelData(side));
    evenScale(channels);
    const [left = new Float32Array(0), right = left] = channels;
    return [left, right];
  } catch (error) {
    if (error instanceof DOMException) throw new DecodingError("notAudio", error);
    throw error;
  }
}

/**
 * Where samples are those of a file of 16 bits as Chromium scales them, positive ones by 32,767 and negative ones by
 * 32,768, scale all of them by 32,768: the difference would be heard in no song, but seen in the last bit of its stems.
 * @param {Float32Array[]} channels are changed
 */
export function evenScale(channels) {
  for (const samples of channels) {
    for (let at = 0; at < samples.length; at += 1) {
      const value = /** @type {number} */ (samples[at]);
      const stored = value * (value > 0 ? 32_767 : 32_768);
      if (Math.abs(stored - Math.round(stored)) > INEXACT) return;
    }
  }
  for (const samples of channels) {
    for (let at = 0; at < samples.length; at += 1) {
      const value = /** @type {number} */ (samples[at]);
      if (value > 0) samples[at] = Math.round(value * 32_767) / 32_768;
    }
  }
}

/**
 * Mix the channels of a film to two, as the browser does when it plays them.
 * @param {AudioBuffer} buffer
 */
function mixed(buffer) {
  const context = new OfflineAudioContext(2, buffer.length, buffer.sampleRate);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  return context.startRendering();
}
