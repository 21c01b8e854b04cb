// Where the stems of a song come from: segments of the codec that suits the person and the line, fetched, and kept and
// decoded by the renderer.

import { RendererClient } from "stemoteca/player/rendering/renderer_client";
import { chooseCodec } from "stemoteca/player/sound/codecs";
import { FilePool } from "stemoteca/player/sound/file_pool";
import { Segments } from "stemoteca/player/sound/segments";

/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/player/sound/codecs").Codec} Codec */
/** @typedef {import("stemoteca/player/sound/codecs").Connection} Connection */
/** @typedef {import("stemoteca/player/sound/codecs").Quality} Quality */

export class StemSource {
  /**
   * @param {Recording} recording
   * @param {Quality} quality
   */
  constructor(recording, quality) {
    this.recording = recording;
    this.stems = [...recording.stems];
    this.quality = quality;
    /** @type {Codec} which there always is */
    this.lossless = { name: "flac", segment: recording.segment };
    this.codecs = recording.codecs ?? [this.lossless];
    this.codec = this.chosen;
    this.files = new FilePool();
    this.renderer = this.#makeRenderer();
    this.segments = this.#makeSegments();
  }

  /** The codec that suits the person, or else the line. */
  get chosen() {
    const { connection } = /** @type {{ connection?: Connection }} */ (navigator);
    return chooseCodec(this.codecs, this.quality, connection);
  }

  /** The codec to go on with where the line turned out to be slow. */
  get smaller() {
    return chooseCodec(this.codecs, this.quality === "auto" ? "small" : this.quality, undefined);
  }

  get isLossless() {
    return this.codec.name === this.lossless.name;
  }

  /**
   * Fetch segments of a codec from now on; what was decoded of the other is gone.
   * @param {Codec} codec
   */
  use(codec) {
    if (codec.name === this.codec.name) return;
    this.stop();
    this.codec = codec;
    this.renderer = this.#makeRenderer();
    this.segments = this.#makeSegments();
  }

  /**
   * Have one more stem to fetch.
   * @param {import("stemoteca/player/player").StemAddresses} stem
   */
  add(stem) {
    this.stems.push(stem);
    this.segments.add(stem.segments);
    this.renderer.grow(this.stems.length);
  }

  /** Fetch nothing any more, and forget what was decoded. */
  stop() {
    this.renderer.stop();
    this.segments.stop();
  }

  /** Fetch FLAC for good: the browser cannot play the other codec, or it is not there yet. */
  useLossless() {
    this.codecs = [this.lossless];
    this.use(this.lossless);
  }

  #makeRenderer() {
    return new RendererClient(this.stems.length, this.codec, this.recording.rate, this.files);
  }

  #makeSegments() {
    const addresses = this.stems.map(({ segments }) => segments);
    const ask = this.recording.local?.segment;
    return new Segments(addresses, this.codec, this.recording.frames, this.files, this.renderer, ask);
  }
}
