// The page that adds songs: choose or drop any number of files, say what becomes of them, start. They go one by one.

import { Checksums } from "stemoteca/checksum";
import { dropped } from "stemoteca/dropped";
import { Item } from "stemoteca/item";
import { Sender } from "stemoteca/sending";
import { say } from "stemoteca/words";

const CHOICES = "stemoteca.upload";

const form = document.querySelector("[data-bring]");
const drop = form.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const start = form.querySelector("[data-start]");
const chosen = form.querySelector("[data-chosen]");
const section = document.querySelector("[data-list]");
const list = section.querySelector("ol");
const template = document.getElementById("send");
const limit = Number(form.dataset.limit);
const checksums = new Checksums(form.dataset.hashing);
const sender = new Sender();

document.documentElement.classList.add("scripted");
input.multiple = true;
input.required = false;

let ready = []; // chosen, not yet started
const queue = [];
let sending = false;

/** What was chosen the last time, so that a choir's private recordings stay private without a thought. */
function recall() {
  let last = {};
  try {
    last = JSON.parse(localStorage.getItem(CHOICES)) ?? {};
  } catch {
    // a forbidden storage only means that nothing is remembered
  }
  for (const name of ["model", "visibility"]) {
    const radios = [...form.querySelectorAll(`input[name=${name}]`)];
    if (radios.some(({ value }) => value === last[name])) form.elements[name].value = last[name];
  }
}

function choices() {
  const { model, visibility } = form.elements;
  const made = { model: model.value, visibility: visibility.value };
  try {
    localStorage.setItem(CHOICES, JSON.stringify(made));
  } catch {
    // as above
  }
  return made;
}

async function next() {
  if (sending) return;
  sending = true;
  while (queue.length) await queue.shift().send(limit);
  sending = false;
}

function add(files, others = 0) {
  for (const file of files) {
    const element = template.content.firstElementChild.cloneNode(true);
    list.append(element);
    const item = new Item(file, sender, element);
    item.look(checksums, limit);
    ready.push(item);
  }
  section.hidden = !list.children.length;
  count(others);
  // The choices come first: whoever presses Enter without reading sends nothing.
  if (files.length) form.querySelector("input[name=model]:checked").focus();
}

/** Say how many files wait for the start, and how many of a folder were left out. */
function count(others = 0) {
  ready = ready.filter((item) => !item.isStopped);
  start.disabled = !ready.length;
  const sentences = [say(ready.length === 1 ? "chosenOne" : "chosenMany", { n: ready.length })];
  if (others) sentences.push(say(others === 1 ? "leftOutOne" : "leftOutMany", { n: others }));
  chosen.textContent = ready.length || others ? sentences.join(" ") : "";
}

list.addEventListener("again", (event) => {
  queue.push(event.detail);
  next();
});
list.addEventListener("stopped", () => count());

input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  add(files);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const made = choices();
  for (const item of ready) item.start(made);
  queue.push(...ready);
  ready = [];
  count();
  next();
});

let inside = 0;
const isFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
// The whole page takes what is dropped: nobody aims with a guitar in the hands.
document.addEventListener("dragenter", (event) => {
  if (isFiles(event)) drop.classList.toggle("over", (inside += 1) > 0);
});
document.addEventListener("dragleave", (event) => {
  if (isFiles(event)) drop.classList.toggle("over", (inside -= 1) > 0);
});
document.addEventListener("dragover", (event) => {
  if (isFiles(event)) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  inside = 0;
  drop.classList.remove("over");
  try {
    const { files, others } = await dropped(event.dataTransfer, input.accept);
    add(files, others);
  } catch {
    chosen.textContent = say("unreadable"); // gone meanwhile, or not this person's to read
  }
});

// Leaving while something is still being sent would lose it.
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});

recall();
count();
