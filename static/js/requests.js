// htmx, set for a strict policy (no inline style, no eval), and the token that every request of ours carries.
import htmx from "htmx.org";

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.historyCacheSize = 0; // pages of a logged-in person stay out of the browser's storage
htmx.config.scrollIntoViewOnBoost = false;
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "(409|422|429)", swap: true }, // a form comes back with its errors
  { code: "[45]..", swap: false, error: true },
];

/** The headers of a request to our own server that changes something. */
export function headers() {
  const declared = document.body.getAttribute("hx-headers");
  return { ...(declared ? JSON.parse(declared) : {}), "HX-Request": "true" };
}

/** After a new log-in in another tab this page's token is an old one: take that of the page as it is now. */
export async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const declared = page.body.getAttribute("hx-headers");
  const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!declared || !token) return false;
  document.body.setAttribute("hx-headers", declared);
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  return true;
}

/** Let htmx see what a script put into the page. */
export function adopt(element) {
  htmx.process(element);
}
