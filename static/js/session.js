// The session of this browser: its CSRF token, and what to say when it has ended.

import { say } from "stemoteca/words";

/** The CSRF token. It changes with every sign-in, also in another tab, so it is read for each request. */
export function csrfToken() {
  return document.cookie.match(/(?:^|;\s*)csrftoken=([^;]*)/)?.[1] ?? "";
}

/** The request needs a session, and there is none. */
export class SessionEnded extends Error {}

/** Whether an answer of the API, with the `code` of its body, means that there is no session or another one. */
export function isSessionEnded(status, code) {
  return status === 401 || (status === 403 && ["not_authenticated", "permission_denied"].includes(code));
}

/** Say in `line` that the session has ended, with a link that signs in and comes back to this page. */
export function askToSignIn(line, target = "_self") {
  const link = document.createElement("a");
  const here = location.pathname + location.search;
  link.href = `/accounts/login/?${new URLSearchParams({ next: here })}`;
  link.target = target;
  link.textContent = say("signIn");
  line.replaceChildren(`${say("sessionEnded")} `, link);
}
