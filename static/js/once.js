// form[data-once] is sent once: a second click while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  // not disabled: a disabled button would not be sent with the form, and focus would be lost
  for (const button of form.querySelectorAll("[type='submit'], button:not([type])")) {
    button.setAttribute("aria-disabled", "true");
  }
});

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
}

// back from the browser's memory of the page, or after htmx had its answer
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-once]").forEach(release);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form[data-once]");
  if (form) release(form);
});
