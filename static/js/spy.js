// The contents in the margin follow the reader: the section at the top of the window carries the marker.
const links = new Map();
for (const link of document.querySelectorAll(".toc nav a[href^='#']")) {
  const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (heading) links.set(heading, link);
}

function mark() {
  const headings = [...links.keys()];
  const top = 120;
  const past = headings.filter((heading) => heading.getBoundingClientRect().top <= top);
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  const here = atEnd && scrollY > 0 ? headings.at(-1) : (past.at(-1) ?? headings[0]);
  for (const [heading, link] of links) {
    if (heading === here) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
}

if (links.size) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later, { passive: true });
  mark();
}

// where the index is longer than its column, the current row is brought into sight, without moving the page
const side = document.querySelector(".side");
const current = side?.querySelector(".tree [aria-current], .queue [aria-current]");
if (side && current && side.scrollHeight > side.clientHeight) {
  side.scrollTop = current.getBoundingClientRect().top - side.getBoundingClientRect().top - side.clientHeight / 3;
}
