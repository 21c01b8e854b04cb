// The worker of Node, see tasks.js.

import { parentPort } from "node:worker_threads";
import { perform } from "./tasks.js";

parentPort?.on("message", (message) => {
  perform(message, (answer, transfer) => parentPort?.postMessage(answer, transfer));
});
