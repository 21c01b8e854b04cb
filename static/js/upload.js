// The page that adds songs: choose or drop any number of files, say what becomes of them, start. They go one by one.

import { findElement, findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { readStored, store } from "stemoteca/storage";
import { Checksums } from "stemoteca/upload/checksums";
import { droppedFiles } from "stemoteca/upload/dropped_files";
import { receiveFile } from "stemoteca/upload/file_transfer";
import { UploadItem } from "stemoteca/upload/item";
import { UploadRequests } from "stemoteca/upload/requests";

const CHOICES = "stemoteca.upload";

const form = getElement(document, "[data-bring]", HTMLFormElement);
const dropZone = getElement(form, "[data-drop]", HTMLElement);
const input = getElement(form, "input[type=file]", HTMLInputElement);
const start = getElement(form, "[data-start]", HTMLButtonElement);
const summary = getElement(form, "[data-chosen]", HTMLElement);
const section = getElement(document, "[data-list]", HTMLElement);
const heading = getElement(section, "h2", HTMLElement);
const list = getElement(section, "ol", HTMLElement);
const template = getElement(document, "#upload-item", HTMLTemplateElement);
const limit = Number(form.dataset.limit);
const checksums = new Checksums(form.dataset.hashing ?? "");
const requests = new UploadRequests(form.dataset);

document.documentElement.classList.add("scripted");
input.multiple = true;
input.required = false;

/** @type {UploadItem[]} chosen, not yet started */
let ready = [];
/** @type {UploadItem[]} */
const queue = [];
let sending = false;

/** Choose what was chosen the last time, so that a choir's private recordings stay private without a thought. */
function recallChoices() {
  const last = readStored(CHOICES) ?? {};
  for (const name of ["model", "visibility"]) {
    const radios = findElements(form, `input[name=${name}]`, HTMLInputElement);
    for (const radio of radios) radio.checked ||= radio.value === last[name];
    const folded = radios.find((radio) => radio.checked)?.closest("details");
    if (folded) folded.open = true;
  }
}

/** Read what is chosen, and remember it. */
function takeChoices() {
  const data = new FormData(form);
  const choices = { model: String(data.get("model")), visibility: String(data.get("visibility")) };
  store(CHOICES, choices);
  return choices;
}

async function sendQueue() {
  if (sending) return;
  sending = true;
  for (let item = queue.shift(); item; item = queue.shift()) await item.send(limit);
  sending = false;
}

/**
 * @param {File[]} files
 * @param {number} [others] files of a folder that were left out
 */
function add(files, others = 0) {
  for (const file of files) {
    const copy = document.importNode(template.content, true);
    const element = getElement(copy, "li", HTMLElement);
    list.append(element);
    const item = new UploadItem(file, requests, element);
    item.hash(checksums, limit);
    ready.push(item);
  }
  section.hidden = !list.children.length;
  showSummary(others);
  // The choices come first: whoever presses Enter without reading sends nothing.
  if (files.length) findElement(form, "input[name=model]:checked", HTMLInputElement)?.focus();
}

/**
 * Say how many files wait for the start, and how many of a folder were left out.
 * @param {number} [others]
 */
function showSummary(others = 0) {
  ready = ready.filter((item) => !item.isStopped);
  start.disabled = !ready.length;
  const sentences = [message(ready.length === 1 ? "chosenOne" : "chosenMany", { n: ready.length })];
  if (others) sentences.push(message(others === 1 ? "leftOutOne" : "leftOutMany", { n: others }));
  summary.textContent = ready.length || others ? sentences.join(" ") : "";
}

list.addEventListener("again", (event) => {
  if (event instanceof CustomEvent) queue.push(event.detail);
  sendQueue();
});
list.addEventListener("stopped", () => showSummary());

input.addEventListener("change", () => {
  const files = [...(input.files ?? [])];
  input.value = "";
  add(files);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const choices = takeChoices();
  for (const item of ready) item.start(choices);
  // What was chosen last may be below the window, and the button that has the focus is disabled now.
  ready[0]?.element.scrollIntoView({ block: "center" });
  heading.focus({ preventScroll: true });
  queue.push(...ready);
  ready = [];
  showSummary();
  sendQueue();
});

let inside = 0; // elements that the pointer is in, while it drags files
/** @param {DragEvent} event */
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
// The whole page takes what is dropped: nobody aims with a guitar in the hands.
document.addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  inside += 1;
  dropZone.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => {
  if (!hasFiles(event)) return;
  inside -= 1;
  dropZone.classList.toggle("is-over", inside > 0);
});
document.addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  if (!hasFiles(event) || !event.dataTransfer) return;
  event.preventDefault();
  inside = 0;
  dropZone.classList.remove("is-over");
  try {
    const { files, others } = await droppedFiles(event.dataTransfer, input.accept);
    add(files, others);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    summary.textContent = message("unreadable"); // gone meanwhile, or not this person's to read
  }
});

// Leaving while something is still being sent would lose it.
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});

recallChoices();
showSummary();
receiveFile((file) => add([file]));
