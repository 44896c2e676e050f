// A chip is a link to the reference's own page; with a script its fragment opens in the panel over the margin.
import { adopt } from "./requests.js";

let panel;
let opener;
let latest = 0;

function makePanel() {
  panel = document.createElement("aside");
  panel.className = "panel";
  panel.id = "panel-referencia";
  panel.popover = "auto";
  panel.tabIndex = -1;
  panel.setAttribute("aria-label", "Referencia de código");
  panel.addEventListener("toggle", (event) => {
    // the popover was opened by script, so the way back is ours too
    if (event.newState === "closed" && opener?.isConnected && panel.contains(document.activeElement)) opener.focus();
    if (event.newState === "closed") opener?.removeAttribute("aria-expanded");
  });
  document.body.append(panel);
}

async function open(link) {
  const turn = ++latest;
  const response = await fetch(link.href, { headers: { "HX-Request": "true", Accept: "text/html" } });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const content = page.querySelector(".reference");
  if (!content) throw new Error("no fragment");
  if (turn !== latest) return; // another chip was chosen meanwhile
  if (!panel) makePanel();
  panel.replaceChildren(document.importNode(content, true));
  adopt(panel);
  opener = link;
  link.setAttribute("aria-expanded", "true");
  panel.showPopover();
  panel.scrollTop = 0;
  panel.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.ref");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (panel?.contains(link)) return;
  event.preventDefault();
  open(link).catch(() => location.assign(link.href));
});
