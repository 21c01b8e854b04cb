import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, highlight } from "stemoteca/search/highlight";

/**
 * @param {string} text
 * @param {string} words
 */
const bracketed = (text, words) =>
  highlight(text, words)
    .map((piece) => (piece.isMarked ? `[${piece.text}]` : piece.text))
    .join("");

test("beginnings of words are marked, with or without their accents", () => {
  assert.equal(bracketed("Canción de agua", "can ag"), "[Can]ción de [ag]ua");
  assert.equal(bracketed("Canción de agua", "cancio"), "[Canció]n de agua");
  assert.equal(bracketed("Cancion", "canción"), "[Cancion]");
  assert.equal(bracketed("Cancio\u0301n", "cancio"), "[Cancio\u0301]n"); // the accent is a character of its own
});

test("the longest of the words that fit counts", () => {
  assert.equal(bracketed("Orilla", "o oril"), "[Oril]la");
  assert.equal(bracketed("Orilla", "rilla"), "Orilla");
  assert.equal(bracketed("Orilla", "  "), "Orilla");
  assert.equal(bracketed("", "o"), "");
});

test("other alphabets are marked as well", () => {
  assert.equal(bracketed("Виктор Цой", "вик цо"), "[Вик]тор [Цо]й");
  assert.equal(bracketed("Ελευθερία", "ελευ"), "[Ελευ]θερία");
  assert.equal(bracketed("فيروز", "فير"), "[فير]وز");
  assert.equal(bracketed("椎名林檎", "椎名"), "[椎名]林檎");
  assert.equal(bracketed("김광석", "김광"), "[김광]석");
});

test("vowel signs tell words apart", () => {
  assert.equal(bracketed("दिल से", "दिल"), "[दिल] से");
  assert.equal(bracketed("दुल", "दिल"), "दुल");
  assert.notEqual(fold("ยัง"), fold("ยิง"));
  assert.notEqual(fold("ကို"), fold("ကူ"));
});

test("letters of their own are marked by those that people type for them", () => {
  assert.equal(bracketed("MØ", "mo"), "[MØ]");
  assert.equal(bracketed("Łódź", "lod"), "[Łód]ź");
  assert.equal(bracketed("Straße", "strass"), "[Straß]e");
  assert.equal(bracketed("봄날", "보"), "[봄]날");
});

test("letters beyond 16 bits are not torn apart", () => {
  assert.equal(bracketed("𝔖𝔬𝔫𝔤", "song"), "[𝔖𝔬𝔫𝔤]");
  assert.equal(bracketed("🎵 Sol", "so"), "🎵 [So]l");
});

test("the pieces together are the text", () => {
  for (const text of ["Ñandú, ¿qué?", "AC/DC — Back", "ﬁn", "e\u0301\u0301\u0301x", "각"]) {
    const pieces = highlight(text, "na ac b fi e 가");
    assert.equal(pieces.map((piece) => piece.text).join(""), text);
  }
});
