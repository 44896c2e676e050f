// Toasts: the quick word. What they say also stands in the page, so none is the only record.
const SECONDS = 6;

function box() {
  let toasts = document.querySelector(".toasts");
  if (!toasts) {
    toasts = document.createElement("div");
    toasts.className = "toasts";
    toasts.setAttribute("role", "status");
    document.body.append(toasts);
  }
  return toasts;
}

/** Show one line for some seconds; it stays while the pointer or the focus is on it. */
export function toast(text) {
  // a page that asks again and again says it once
  if ([...document.querySelectorAll(".toast")].some((shown) => shown.textContent === text)) return;
  const element = document.createElement("div");
  element.className = "toast";
  element.textContent = text;
  box().append(element);
  const leave = () => {
    if (element.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else element.remove();
  };
  setTimeout(leave, SECONDS * 1000);
}

// the server may ask for one: HX-Trigger: {"toast": "Guardado."}
document.addEventListener("toast", (event) => toast(event.detail.value ?? String(event.detail)));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(".message")?.remove();
});

// messages of the page that lie out of sight (it opened at an anchor) are said in passing
const messages = document.querySelector("[data-messages]");
if (messages) {
  requestAnimationFrame(() => {
    if (messages.getBoundingClientRect().bottom > 0) return;
    for (const message of messages.querySelectorAll(".message > span")) toast(message.textContent);
  });
}

// without a connection or with a fault of ours, say so: htmx alone would stay silent
document.addEventListener("htmx:sendError", () => toast("No hay conexión con el servidor. Vuelve a intentarlo."));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  toast(
    status === 403
      ? "La sesión ha caducado. Vuelve a cargar la página."
      : `El servidor no ha podido responder (${status}). Vuelve a intentarlo.`,
  );
});
