// Decodes a file with the browser's own decoders. Works over plain http, unlike AudioDecoder.

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
    const left = sound.getChannelData(0);
    return [left, sound.numberOfChannels > 1 ? sound.getChannelData(1) : left];
  } catch (error) {
    if (error instanceof DOMException) throw new DecodingError("notAudio", error);
    throw error;
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
