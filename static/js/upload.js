// The page that brings songs: choose or drop any number of files, they go one after another.

import { Checksums } from "stemoteca/checksum";
import { Item } from "stemoteca/item";
import { Sender } from "stemoteca/sending";

const form = document.querySelector("[data-bring]");
const drop = form.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const section = document.querySelector("[data-list]");
const list = section.querySelector("ol");
const template = document.getElementById("send");
const limit = Number(form.dataset.limit);
const checksums = new Checksums(form.dataset.hashing);
const sender = new Sender(form.elements.csrfmiddlewaretoken.value);

document.documentElement.classList.add("scripted");
input.multiple = true;
input.required = false;

const queue = [];
let sending = false;

async function next() {
  if (sending) return;
  sending = true;
  while (queue.length) await queue.shift().send(limit);
  sending = false;
}

function add(files) {
  const wishes = {
    model: form.elements.model.value || "none",
    visibility: form.elements.visibility.value || "shared",
  };
  for (const file of files) {
    const element = template.content.firstElementChild.cloneNode(true);
    list.append(element);
    const item = new Item(file, sender, wishes, element);
    item.look(checksums, limit);
    queue.push(item);
  }
  section.hidden = !list.children.length;
  next();
}

list.addEventListener("again", (event) => {
  queue.push(event.detail);
  next();
});

input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  add(files);
});
form.addEventListener("submit", (event) => event.preventDefault());

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
document.addEventListener("drop", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  inside = 0;
  drop.classList.remove("over");
  add([...event.dataTransfer.files]);
});

// Leaving while something is still being sent would lose it.
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
