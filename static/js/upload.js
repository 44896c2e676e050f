// input[type=file][data-fills="form"] puts a chosen file into the field of its name, where it can be read and
// changed before it is handed in. What is no text, or too long for a field, stays in the input and goes as it is.
const MOST = 1 << 20;

function fieldFor(form, file) {
  const areas = [...form.querySelectorAll("textarea[data-editor]")];
  return areas.length === 1 ? areas[0] : areas.find((area) => area.name === file.name);
}

document.addEventListener("change", async (event) => {
  const input = event.target;
  if (!input.matches?.("input[type=file][data-fills]")) return;
  const form = document.getElementById(input.dataset.fills);
  const filled = [];
  for (const file of input.files) {
    const area = fieldFor(form, file);
    if (!area || file.size > MOST) return; // the server says what is wrong with it
    try {
      filled.push([area, new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer())]);
    } catch {
      return;
    }
  }
  for (const [area, text] of filled) {
    area.value = text;
    area.dispatchEvent(new Event("editor:set"));
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  input.value = "";
});
