// The requests of bringing a song: is it known, send it, ask for its parts, stop.

import { csrfToken, isSessionEnded } from "stemoteca/session";

const JSON_TYPE = { Accept: "application/json", "Content-Type": "application/json" };

/** What went wrong: `code` of the server, or one of ours (offline, sessionEnded, server, ...). */
export class Refusal extends Error {
  constructor(code, detail = "") {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

export class Sender {
  async #call(method, address, body) {
    const headers = { ...JSON_TYPE, "X-CSRFToken": csrfToken() };
    let answer;
    try {
      answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
    } catch (error) {
      throw new Refusal("offline", "", { cause: error });
    }
    return { status: answer.status, ok: answer.ok, body: await answer.json().catch(() => ({})) };
  }

  /**
   * The track that bytes with this checksum became before, which is this person's too from then on; or null.
   * `answer(proof)` resolves to the digest that proves that the file is here. The only error is that the session has
   * ended: otherwise sending is always possible.
   */
  async lookUp(checksum, filename, answer) {
    if (!checksum) return null;
    try {
      const found = await this.#call("POST", "/api/v1/lookups/", { checksum });
      if (isSessionEnded(found.status, found.body.code)) throw refusal(found.status, found.body);
      if (!found.ok) return null;
      const { track, yours, proof } = found.body;
      if (yours) return track;
      const digest = proof && (await answer(proof));
      if (!digest) return null;
      const proved = await this.#call("POST", "/api/v1/lookups/proof/", { token: proof.token, digest, filename });
      return proved.ok ? proved.body.track : null;
    } catch (error) {
      if (error.code === "sessionEnded") throw error;
      return null;
    }
  }

  /** Ask for the parts of a track that is here; resolves to the separation. */
  async separate(track, model) {
    const answer = await this.#call("POST", `/api/v1/tracks/${track}/separations/`, { model });
    if (!answer.ok) throw refusal(answer.status, answer.body);
    return answer.body;
  }

  stop(separation) {
    return this.#call("DELETE", `/api/v1/separations/${separation}/`).catch(() => {});
  }

  /** Send a file; `progress(share)` while it goes. Resolves to the server's answer. `signal` breaks it off. */
  send(file, fields, progress, signal) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file, file.name);
    const request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
    return new Promise((done, fail) => {
      request.open("POST", "/api/v1/uploads/");
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total);
      });
      request.addEventListener("load", () => {
        if (request.status < 300 && request.response) done(request.response);
        else fail(refusal(request.status, request.response ?? {}));
      });
      request.addEventListener("error", () => fail(new Refusal("offline")));
      request.addEventListener("abort", () => fail(new Refusal("stopped")));
      signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }
}

function refusal(status, body) {
  if (isSessionEnded(status, body.code)) return new Refusal("sessionEnded");
  if (body.code === "throttled") return new Refusal("throttled");
  if (status >= 500 && status !== 507) return new Refusal("server");
  if (status === 413 && !body.detail) return new Refusal("tooLarge");
  return new Refusal(body.code ?? "refused", body.detail ?? "");
}
