// form[data-autosave="URL"] keeps its draft: it is sent as it is a little after the last change. The answer may
// bring words for [data-autosave-state]; nothing is said to be saved before the server said so.
import { headers } from "./requests.js";

const PAUSE = 1200;
const states = new WeakMap();

function stateOf(form) {
  if (!states.has(form)) states.set(form, { timer: 0, sending: false, dirty: false });
  return states.get(form);
}

function say(form, words) {
  const place = form.querySelector("[data-autosave-state]");
  if (place) place.textContent = words;
}

async function save(form) {
  const state = stateOf(form);
  if (state.sending || !state.dirty) return;
  state.sending = true;
  state.dirty = false;
  say(form, "Guardando…");
  try {
    const response = await fetch(form.dataset.autosave, {
      method: "POST",
      headers: headers(),
      body: new FormData(form),
    });
    if (!response.ok) throw new Error(String(response.status));
    const words = response.status === 204 ? "" : (await response.text()).trim();
    const time = new Date().toLocaleTimeString("es", { hour: "2-digit", minute: "2-digit" });
    say(form, words && !words.startsWith("<") ? words : `Guardado a las ${time}`);
  } catch {
    state.dirty = true;
    say(form, "Sin guardar: no se pudo llegar al servidor");
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(form), 5000);
  } finally {
    state.sending = false;
  }
  if (state.dirty && !state.timer) schedule(form);
}

function schedule(form) {
  const state = stateOf(form);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    state.timer = 0;
    save(form);
  }, PAUSE);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form) return;
  stateOf(form).dirty = true;
  say(form, "Sin guardar");
  schedule(form);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-autosave]")) {
    const state = stateOf(event.target);
    clearTimeout(state.timer);
    state.dirty = false; // what is handed in is stored by the server anyway
  }
});

// leaving in the middle of a word: the request outlives the page
addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const state = stateOf(form);
    if (!state.dirty) continue;
    state.dirty = false;
    clearTimeout(state.timer);
    fetch(form.dataset.autosave, { method: "POST", headers: headers(), body: new FormData(form), keepalive: true })
      .then((response) => say(form, response.ok ? "Guardado" : "Sin guardar"))
      .catch(() => {
        state.dirty = true;
      });
  }
});
