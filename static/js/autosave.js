// form[data-autosave="URL"] keeps its draft: it is sent as it is a little after the last change. The answer may
// bring words for [data-autosave-state]; nothing is said to be saved before the server said so. The header
// X-Draft-Revision goes into the form's base_revision; a 409 brings what another tab saved, into
// [data-autosave-conflict], and saving waits until its reader has chosen.
import { headers, renew } from "./requests.js";

const PAUSE = 1200;
const AGAIN = 5000;
const states = new WeakMap();

function stateOf(form) {
  if (!states.has(form)) states.set(form, { timer: 0, sending: false, dirty: false });
  return states.get(form);
}

function say(form, words) {
  const place = form.querySelector("[data-autosave-state]");
  if (place) place.textContent = words;
}

// in the time zone of the account, as all times of the page, where the server tells it
function timeOf(told) {
  const time = new Date().toLocaleTimeString("es", { hour: "2-digit", minute: "2-digit" });
  return told.get("X-Draft-Saved") ?? time;
}

function adopted(form, response) {
  const revision = response.headers.get("X-Draft-Revision");
  const field = form.elements.base_revision;
  if (!revision || !field) return false;
  const known = field.value === revision;
  if (Number(revision) > Number(field.value)) field.value = revision;
  return known;
}

async function show(form, response) {
  const known = form.elements.base_revision?.value;
  // what this very page handed in meanwhile is no conflict
  if (known && known === response.headers.get("X-Draft-Revision")) return;
  const place = form.querySelector("[data-autosave-conflict]");
  if (!place) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  place.replaceChildren(...page.body.childNodes);
  stateOf(form).conflict = true;
  say(form, "Sin guardar: hay otro borrador");
}

async function save(form) {
  const state = stateOf(form);
  if (state.sending || !state.dirty || state.conflict) return;
  state.sending = true;
  state.dirty = false;
  say(form, "Guardando…");
  try {
    const response = await fetch(form.dataset.autosave, {
      method: "POST",
      headers: headers(),
      body: new FormData(form),
    });
    if (response.status === 409) {
      await show(form, response);
      if (!state.conflict) state.dirty = true;
    } else if (response.status === 422) {
      // it would be refused again: it waits for the next change
      say(form, (await response.text()).trim());
    } else if ([401, 403].includes(response.status)) {
      say(form, "Sin guardar: la sesión ha caducado. Entra otra vez en otra pestaña.");
      state.dirty = true;
      const wasRenewed = !state.renewed && (await renew());
      state.renewed = wasRenewed;
      later(form, wasRenewed ? 100 : AGAIN);
    } else if (!response.ok || response.redirected) {
      throw new Error(String(response.status));
    } else {
      state.renewed = false;
      adopted(form, response);
      const words = response.status === 204 ? "" : (await response.text()).trim();
      say(form, words && !words.startsWith("<") ? words : `Guardado a las ${timeOf(response.headers)}`);
    }
  } catch {
    state.dirty = true;
    say(form, "Sin guardar: no se pudo llegar al servidor");
    later(form, AGAIN);
  } finally {
    state.sending = false;
  }
  if (state.dirty && !state.timer) schedule(form);
}

function schedule(form) {
  later(form, PAUSE);
}

function later(form, milliseconds) {
  const state = stateOf(form);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    state.timer = 0;
    save(form);
  }, milliseconds);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form) return;
  stateOf(form).dirty = true;
  say(form, "Sin guardar");
  schedule(form);
});

// what is handed in is stored by the server anyway, and would meet its own draft
function handedIn(form) {
  const state = stateOf(form);
  clearTimeout(state.timer);
  state.timer = 0;
  state.dirty = false;
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-autosave]")) handedIn(event.target);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt.closest?.("form[data-autosave]");
  if (form) handedIn(form);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form[data-autosave]");
  if (!form) return;
  if (event.detail.successful) {
    stateOf(form).conflict = false;
    form.querySelector("[data-autosave-conflict]")?.replaceChildren();
  } else if (!stateOf(form).conflict) {
    stateOf(form).dirty = true; // refused: the draft at least is kept
    schedule(form);
  }
});

// two drafts: keep what is here, or change to the other and have this one in its place
document.addEventListener("click", (event) => {
  const choice = event.target.closest?.("[data-keep]");
  const form = choice?.closest("form[data-autosave]");
  const conflict = choice?.closest("[data-conflict]");
  if (!form || !conflict) return;
  if (choice.dataset.keep === "other") {
    for (const other of conflict.querySelectorAll("[data-other]")) {
      const area = form.elements[other.dataset.other];
      [area.value, other.value] = [other.value, area.value];
      area.dispatchEvent(new Event("editor:set"));
    }
    conflict.querySelector("h2").lastChild.textContent = " Has cambiado al otro borrador";
    conflict.querySelector("p").textContent = "Lo que tenías sigue debajo, hasta que cierres la página.";
    for (const summary of conflict.querySelectorAll("summary")) summary.textContent = "Lo que tenías aquí";
    choice.closest(".acts").remove();
  } else {
    conflict.remove();
  }
  form.elements.base_revision.value = conflict.dataset.conflict;
  stateOf(form).conflict = false;
  stateOf(form).dirty = true;
  save(form);
});

// leaving in the middle of a word: the request outlives the page
addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const state = stateOf(form);
    if (!state.dirty || state.conflict) continue;
    state.dirty = false;
    clearTimeout(state.timer);
    state.timer = 0;
    fetch(form.dataset.autosave, { method: "POST", headers: headers(), body: new FormData(form), keepalive: true })
      .then((response) => {
        if (!response.ok || response.redirected) throw new Error(String(response.status));
        adopted(form, response);
        say(form, "Guardado");
      })
      .catch(() => {
        state.dirty = true; // on coming back it is tried again
        say(form, "Sin guardar");
      });
  }
});
