import assert from "node:assert/strict";
import { test } from "node:test";
import { callApi, isSessionEnded, NetworkError, readCookie } from "stemoteca/api";
import { nextPause } from "stemoteca/separation_progress";
import { isAudio } from "stemoteca/upload/dropped_files";
import { UploadRequests, uploadError } from "stemoteca/upload/requests";
import { serve } from "./server.js";

globalThis.document ??= /** @type {any} */ ({ cookie: "sessionid=x; csrftoken=secret" });

test("a cookie is found by its whole name", () => {
  assert.equal(readCookie("xcsrftoken=no; csrftoken=a=b; other=1", "csrftoken"), "a=b");
  assert.equal(readCookie("", "csrftoken"), "");
});

test("the session has ended with 401, or with 403 where its code says so", () => {
  assert.equal(isSessionEnded(401), true);
  assert.equal(isSessionEnded(403, "not_authenticated"), true);
  assert.equal(isSessionEnded(403, "private"), false);
  assert.equal(isSessionEnded(404), false);
});

test("changes carry the CSRF token and JSON, and an answer without JSON has an empty body", async (t) => {
  const address = await serve(t, (request, response) => {
    if (request.method === "GET") {
      response.setHeader("Content-Type", "text/html");
      response.end("<h1>Bad gateway</h1>");
      return;
    }
    response.setHeader("Content-Type", "application/problem+json");
    response.statusCode = 409;
    response.end(JSON.stringify({ token: request.headers["x-csrftoken"], type: request.headers["content-type"] }));
  });
  const changed = await callApi(address, { method: "PUT", body: { score: 4 } });
  assert.deepEqual([changed.ok, changed.status], [false, 409]);
  assert.deepEqual(changed.body, { token: "secret", type: "application/json" });
  assert.deepEqual((await callApi(address)).body, {});
});

test("no answer is an error of its own; JSON that is none is a bug that shows", async (t) => {
  const address = await serve(t, (_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end("{oops");
  });
  await assert.rejects(callApi("http://127.0.0.1:1/"), NetworkError);
  await assert.rejects(callApi(address), SyntaxError);
});

test("answers are asked for less often while nothing changes, and soon for what comes next", () => {
  /** @param {number | null} queue_position */
  const waiting = (queue_position) => /** @type {any} */ ({ status: "queued", queue_position });
  assert.equal(nextPause(4000, waiting(7), true), 1000);
  assert.equal(nextPause(8000, waiting(7), false), 10_000);
  assert.equal(nextPause(2000, waiting(1), false), 2500);
  assert.equal(nextPause(2000, waiting(null), false), 2500);
  assert.equal(nextPause(4000, null, true), 8000, "no answer");
});

test("files of a folder are audio by their ending or by their type", () => {
  const accept = "audio/*, .flac,.Opus";
  assert.equal(isAudio({ name: "Песня.FLAC", type: "" }, accept), true);
  assert.equal(isAudio({ name: "曲.opus", type: "" }, accept), true);
  assert.equal(isAudio({ name: "noending", type: "audio/mpeg" }, accept), true);
  assert.equal(isAudio({ name: "cover.jpg", type: "image/jpeg" }, accept), false);
  assert.equal(isAudio({ name: "flac", type: "" }, accept), false);
  assert.equal(isAudio({ name: "x.mp3", type: "audio/mpeg" }, ".flac"), false);
});

test("refusals keep the server's sentence where it has one", () => {
  /** @type {[number, object | null, string, string][]} */
  const cases = [
    [401, {}, "sessionEnded", ""],
    [429, { code: "throttled", detail: "wait" }, "throttled", ""],
    [502, null, "server", ""],
    [507, { code: "no_room", detail: "The disk is full." }, "no_room", "The disk is full."],
    [413, null, "tooLarge", ""],
    [422, { code: "not_audio", detail: "No audio." }, "not_audio", "No audio."],
    [400, null, "refused", ""],
  ];
  for (const [status, body, code, detail] of cases) {
    const error = uploadError(status, body);
    assert.deepEqual([error.code, error.detail], [code, detail]);
  }
});

test("a song is known by its checksum only to whoever can prove to have the file", async (t) => {
  const asked = /** @type {string[]} */ ([]);
  const address = await serve(t, (request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("Content-Type", "application/json");
    const known = { track: { id: "1" }, yours: false, proof: { nonce: "aa", ranges: [], token: "t" } };
    response.end(JSON.stringify(request.url === "/proof" ? { track: { id: "1" } } : known));
  });
  const requests = new UploadRequests({ lookups: `${address}lookups`, lookupProof: `${address}proof` });
  assert.equal(await requests.lookUp(null, "a.mp3", async () => "digest"), null);
  assert.deepEqual(asked, []);
  assert.equal(await requests.lookUp("sum", "a.mp3", async () => null), null);
  assert.deepEqual(asked, ["/lookups"]);
  assert.deepEqual(await requests.lookUp("sum", "a.mp3", async () => "digest"), { id: "1" });
  assert.deepEqual(asked, ["/lookups", "/lookups", "/proof"]);
});

test("a look-up that gets no answer only means that the file is sent", async () => {
  const requests = new UploadRequests({ lookups: "http://127.0.0.1:1/" });
  assert.equal(await requests.lookUp("sum", "a.mp3", async () => "digest"), null);
  await assert.rejects(requests.separate("1", "compact:2stems"), (error) => error instanceof Error);
});

test("a file is sent with a name also where it has none", async () => {
  /** @type {FormData[]} */
  const sent = [];
  class Request extends EventTarget {
    upload = new EventTarget();
    status = 201;
    response = {};
    open = () => undefined;
    setRequestHeader = () => undefined;
    /** @param {FormData} form */
    send(form) {
      sent.push(form);
      this.dispatchEvent(new Event("load"));
    }
  }
  globalThis.XMLHttpRequest = /** @type {any} */ (Request);
  const requests = new UploadRequests({ uploads: "/uploads" });
  for (const name of ["", "Ana.wav"]) {
    await requests.send(new File(["x"], name), {}, () => undefined, new AbortController().signal);
  }
  assert.deepEqual(
    sent.map((form) => /** @type {File} */ (form.get("file")).name),
    ["audio", "Ana.wav"],
  );
});
