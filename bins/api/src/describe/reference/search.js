"use strict";
const things = [...document.querySelectorAll("article, nav ul ul > li")].map((node) => ({ node, text: node.textContent.toLowerCase() }));
const sections = [...document.querySelectorAll("main > section, nav > details > ul > li")];
const field = document.createElement("input");
Object.assign(field, { type: "search", id: "search", placeholder: "Search paths, codes, fields ( / )", autocomplete: "off", spellcheck: false });
field.setAttribute("aria-label", "Search the reference");
const count = document.createElement("output");
document.querySelector("nav").prepend(field, count);

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { node, text } of things) node.hidden = !words.every((word) => text.includes(word));
  for (const section of sections) {
    const inside = [...section.querySelectorAll("article, ul ul > li")];
    section.hidden = words.length > 0 && inside.every((node) => node.hidden);
  }
  const found = document.querySelectorAll("article:not([hidden])").length;
  count.textContent = words.length === 0 ? "" : found === 1 ? "1 found" : `${found} found`;
}

field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && document.activeElement === field) {
    field.value = "";
    search();
  }
});
// A link inside leads to what the search may hide.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    field.value = "";
    search();
    target.scrollIntoView();
  }
});
