// The button in the bar turns the theme over at once and tells the server; without script it is a plain form.
import { headers } from "./requests.js";

const root = document.documentElement;

function isDark() {
  if (root.dataset.theme === "dark") return true;
  return root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const theme = isDark() ? "light" : "dark";
  root.dataset.theme = theme;
  const body = new URLSearchParams({ theme });
  // a failure costs nothing but the memory of the choice
  fetch(form.action, { method: "POST", headers: headers(), body }).catch(() => {});
});
