// Requests to our own server: the session's CSRF token, answers in JSON, and the errors that can be expected.

/** No answer came: the person is offline, or the server is. */
export class NetworkError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("no answer", { cause });
  }
}

/** The request needs a session, and there is none. */
export class SessionEndedError extends Error {}

/** @typedef {{ status: number, ok: boolean, headers: Headers, redirected: boolean, body: any }} Answer */

/**
 * Read one cookie.
 * @param {string} cookies as in document.cookie
 * @param {string} name
 */
export function readCookie(cookies, name) {
  const pair = cookies.split(/;\s*/).find((each) => each.startsWith(`${name}=`));
  return pair ? pair.slice(name.length + 1) : "";
}

/** Get the CSRF token. It changes with every sign-in, also in another tab, so it is read for each request. */
export function csrfToken() {
  return readCookie(document.cookie, "csrftoken");
}

/**
 * Whether an answer of the API, with the `code` of its body, means that there is no session or another one.
 * @param {number} status
 * @param {string} [code]
 */
export function isSessionEnded(status, code = "") {
  return status === 401 || (status === 403 && ["not_authenticated", "permission_denied"].includes(code));
}

/**
 * Whether an error only says that the request was stopped by its signal.
 * @param {unknown} error
 */
export function isAborted(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * Fetch, as the browser's own `fetch`, but with a type of its own for "no answer".
 * @param {string | URL} address
 * @param {RequestInit} [options]
 * @throws {NetworkError}
 */
export async function request(address, options) {
  return networkErrors(fetch(address, options));
}

/**
 * Wait until the browser says that it is online again, but not longer than so many milliseconds.
 * @param {number} most
 */
export function waitForNetwork(most) {
  return new Promise((resolve) => {
    addEventListener("online", resolve, { once: true });
    setTimeout(resolve, most);
  });
}

/**
 * Call the API.
 * @param {string | URL} address
 * @param {{ method?: string, body?: unknown, headers?: Record<string, string> } & Omit<RequestInit, "body" | "headers">}
 *   [options] `body` is sent as JSON
 * @returns {Promise<Answer>} `body` is {} where the answer is not JSON
 * @throws {NetworkError}
 */
export async function callApi(address, { body, headers = {}, ...options } = {}) {
  const isRead = (options.method ?? "GET") === "GET";
  const response = await request(address, {
    ...options,
    headers: {
      Accept: "application/json",
      ...(isRead ? {} : { "Content-Type": "application/json", "X-CSRFToken": csrfToken() }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const redirected = response.type === "opaqueredirect";
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  if (!isJson) await response.body?.cancel();
  const text = isJson ? await networkErrors(response.text()) : "";
  const { status, ok } = response;
  return { status, ok, headers: response.headers, redirected, body: text ? JSON.parse(text) : {} };
}

/**
 * Wait for what the network brings; a browser says TypeError where it brings nothing.
 * @template T
 * @param {Promise<T>} arriving
 * @throws {NetworkError}
 */
export async function networkErrors(arriving) {
  try {
    return await arriving;
  } catch (error) {
    throw error instanceof TypeError ? new NetworkError(error) : error;
  }
}
