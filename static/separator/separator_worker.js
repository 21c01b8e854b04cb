// The worker of browsers, see tasks.js.

import { perform } from "./tasks.js";

addEventListener("message", ({ data }) => {
  perform(data, (answer, transfer) => postMessage(answer, { transfer }));
});
