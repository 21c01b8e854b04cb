// The requests of adding a song: is it known, send it, ask for its parts, stop.

import { callApi, csrfToken, isSessionEnded, NetworkError } from "stemoteca/api";
import { fillAddress } from "stemoteca/formatting";

/** @typedef {import("stemoteca/api").Answer} Answer */
/** @typedef {import("stemoteca/separation_progress").Separation} Separation */
/** @typedef {import("stemoteca/upload/checksums").Proof} Proof */
/** @typedef {{ model: string, visibility: string }} Choices */
/** @typedef {{ id: string, title: string, artist: { name: string }, separations: Separation[] }} Track */
/** @typedef {{ code?: string, detail?: string }} Problem */

/**
 * What the server answers to a file. `matches`: other songs that are like it, by sound where there is a similarity.
 * @typedef {object} Uploaded
 * @property {Track} track
 * @property {boolean} created
 * @property {Separation | null} separation
 * @property {{ code: string, detail: string } | null} separation_error
 * @property {{ track: Track, similarity: number | null }[]} matches
 */

/** What went wrong: `code` of the server, or one of ours (offline, sessionEnded, server, ...). */
export class UploadError extends Error {
  /**
   * @param {string} code
   * @param {string} [detail] the sentence for the person, where the server gave one
   * @param {ErrorOptions} [options]
   */
  constructor(code, detail = "", options = {}) {
    super(code, options);
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Name what an answer that is no success means.
 * @param {number} status
 * @param {Problem | null} body
 */
export function uploadError(status, body) {
  const { code = "refused", detail = "" } = body ?? {};
  if (isSessionEnded(status, code)) return new UploadError("sessionEnded");
  if (code === "throttled") return new UploadError("throttled");
  if (status >= 500 && status !== 507) return new UploadError("server");
  if (status === 413 && !detail) return new UploadError("tooLarge");
  return new UploadError(code, detail);
}

export class UploadRequests {
  /** @param {DOMStringMap} addresses of the API and of pages, as the page's form names them in its data attributes */
  constructor(addresses) {
    this.addresses = addresses;
  }

  /**
   * Get an address, with an id filled in where it takes one.
   * @param {string} name
   * @param {string} [id]
   */
  address(name, id = "") {
    return fillAddress(this.addresses[name] ?? "", id);
  }

  /**
   * @param {string} method
   * @param {string} address
   * @param {unknown} [body]
   */
  async #call(method, address, body) {
    try {
      return await callApi(address, { method, body });
    } catch (error) {
      throw error instanceof NetworkError ? new UploadError("offline", "", { cause: error }) : error;
    }
  }

  /**
   * Find the track that bytes with this checksum became before, which is this person's too from then on. The only
   * error is that the session has ended: otherwise sending is always possible.
   * @param {string | null | undefined} checksum
   * @param {string} filename
   * @param {(proof: Proof) => Promise<string | null>} prove resolves to the digest that proves that the file is here
   * @returns {Promise<Track | null>}
   */
  async lookUp(checksum, filename, prove) {
    if (!checksum) return null;
    try {
      const found = await this.#call("POST", this.address("lookups"), { checksum });
      if (isSessionEnded(found.status, found.body.code)) throw uploadError(found.status, found.body);
      if (!found.ok) return null;
      const { track, yours, proof } = found.body;
      if (yours) return track;
      const digest = proof && (await prove(proof));
      if (!digest) return null;
      const body = { token: proof.token, digest, filename };
      const proved = await this.#call("POST", this.address("lookupProof"), body);
      return proved.ok ? proved.body.track : null;
    } catch (error) {
      if (error instanceof UploadError && error.code === "offline") return null;
      throw error;
    }
  }

  /**
   * Ask for the parts of a track that is here.
   * @param {string} track
   * @param {string} model
   * @returns {Promise<Separation>}
   */
  async separate(track, model) {
    const answer = await this.#call("POST", this.address("trackSeparations", track), { model });
    if (!answer.ok) throw uploadError(answer.status, answer.body);
    return answer.body;
  }

  /**
   * Stop a separation; what cannot be stopped now goes on.
   * @param {string} separation
   */
  async stop(separation) {
    try {
      await callApi(this.address("separation", separation), { method: "DELETE" });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
    }
  }

  /**
   * Send a file.
   * @param {File} file
   * @param {Record<string, string>} fields
   * @param {(share: number) => void} onProgress from 0 to 1
   * @param {AbortSignal} signal
   * @returns {Promise<Uploaded>}
   */
  send(file, fields, onProgress, signal) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file, file.name || "audio"); // without a name it would be text
    const request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
    return new Promise((done, fail) => {
      request.open("POST", this.address("uploads"));
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      });
      request.addEventListener("load", () => {
        if (request.status < 300 && request.response) done(request.response);
        else fail(uploadError(request.status, request.response));
      });
      request.addEventListener("error", () => fail(new UploadError("offline")));
      request.addEventListener("abort", () => fail(new UploadError("stopped")));
      signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }
}
