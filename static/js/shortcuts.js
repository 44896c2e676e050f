// One key: "/" searches, "n" and "p" go to the next and previous lesson. Never in a field, and off by choice.
function isWriting(event) {
  // through a shadow root (the code editor) only the path tells where the key went
  const element = event.composedPath()[0];
  return (
    !(element instanceof Element) ||
    element.isContentEditable ||
    element.closest("input, textarea, select, [contenteditable], [role='textbox']") !== null
  );
}

const KEYS = {
  "/": () => document.querySelector("[data-search-field]") ?? document.querySelector("a.find"),
  n: () => document.querySelector(".pager a[rel='next']"),
  p: () => document.querySelector(".pager a[rel='prev']"),
};

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.shortcuts === "off") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (!Object.hasOwn(KEYS, event.key) || isWriting(event)) return;
  if (document.querySelector("dialog[open]")) return;
  const target = KEYS[event.key]();
  if (!target) return;
  event.preventDefault();
  if (target.matches("input")) {
    target.focus();
    target.select();
  } else {
    target.click();
  }
});
