// [data-copy] copies the code of its block. Where the block was stored without a button, one is added.
function textOf(block) {
  const pre = block.querySelector("pre");
  if (pre) {
    // a console session is copied without prompts and without what the program printed
    const prompts = pre.querySelector(".gp");
    if (!prompts) return pre.textContent.replace(/\n$/, "");
    const copy = pre.cloneNode(true);
    copy.querySelectorAll(".gp, .go, [data-linenos]").forEach((part) => part.remove());
    return copy.textContent.replace(/\n{2,}/g, "\n").trim();
  }
  return [...block.querySelectorAll(".ln > code")].map((line) => line.textContent).join("\n");
}

function announce(button, words) {
  const label = button.querySelector("[data-copy-label]") ?? button.lastChild;
  const before = label.textContent;
  label.textContent = words;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => {
    label.textContent = before;
  }, 2000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.disabled) return;
  const block = button.closest(".code, .source");
  if (!block) return;
  try {
    await navigator.clipboard.writeText(textOf(block));
    announce(button, " Copiado");
  } catch {
    announce(button, " No se pudo copiar");
  }
});

function offer(scope) {
  for (const head of scope.querySelectorAll(".code > :is(header, figcaption)")) {
    if (head.querySelector("[data-copy], .btn") || head.parentElement.querySelector("pre.figura")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet";
    button.dataset.copy = "";
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("class", "icon");
    icon.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#i-copy");
    icon.append(use);
    const label = document.createElement("span");
    label.dataset.copyLabel = "";
    label.textContent = "Copiar";
    button.append(icon, label);
    head.append(button);
  }
}

offer(document);
document.addEventListener("htmx:load", (event) => offer(event.detail.elt));
