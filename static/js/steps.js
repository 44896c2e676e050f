// An "order" question: [data-steps] holds li with [data-move="up|down"]; the hidden inputs travel with their row.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-steps] [data-move]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("li");
  const list = row.parentElement;
  const up = button.dataset.move === "up";
  const other = up ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (up) other.before(row);
  else other.after(row);
  button.focus();
  const place = [...list.children].indexOf(row) + 1;
  const status = list.closest("form")?.querySelector("[data-steps-state]");
  if (status) status.textContent = `Paso en el lugar ${place} de ${list.children.length}`;
  list.querySelectorAll("[data-place]").forEach((cell, index) => {
    cell.textContent = String(index + 1);
  });
});
