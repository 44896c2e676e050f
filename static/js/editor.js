// textarea[data-editor="yaml"] becomes a CodeMirror editor. It lives in a shadow root, where its styles are
// constructed style sheets: the strict policy allows them. The textarea stays the truth that the form sends.
import { basicSetup } from "codemirror";
import { indentWithTab } from "@codemirror/commands";
import { cpp } from "@codemirror/lang-cpp";
import { go } from "@codemirror/lang-go";
import { java } from "@codemirror/lang-java";
import { python } from "@codemirror/lang-python";
import { rust } from "@codemirror/lang-rust";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const LANGUAGES = { c: cpp, cpp, "c++": cpp, go, java, python, py: python, rust, rs: rust, yaml, yml: yaml };
const INDENT = { yaml: 2, yml: 2, java: 2, cpp: 2, "c++": 2, c: 2 };

// the tokens of the page reach into the shadow root, so light and dark need nothing here
const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", maxHeight: "70vh" },
  ".cm-content, .cm-gutter": { minHeight: "16rem" },
  ".cm-content": { padding: "0.75rem 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 1rem" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: "var(--ink2)",
    border: "0",
    borderRight: "1px solid var(--hair)",
  },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.25rem 0 1rem", minWidth: "2.5rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--wash)" },
  "&.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--wash)", color: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--link-wash)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--wash)", outline: "1px solid var(--hair)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--wash)", outline: "1px solid var(--edge)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-wash)", color: "var(--bad)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--wash)", border: "1px solid var(--hair)", color: "var(--ink2)" },
  ".cm-panels, .cm-tooltip": {
    backgroundColor: "var(--sheet)",
    color: "var(--ink)",
    border: "1px solid var(--edge)",
    fontFamily: "var(--sans)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--ink)", color: "var(--paper)" },
  ".cm-searchMatch": { backgroundColor: "var(--mark-wash)", outline: "1px solid var(--edge)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--mark)", color: "var(--on-mark)" },
  ".cm-textfield, .cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--sheet)",
    border: "1px solid var(--edge)",
    borderRadius: "4px",
    color: "var(--ink)",
    fontSize: "0.9375rem",
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.meta], color: "var(--syntax-comment)" },
  { tag: [tags.keyword, tags.bool, tags.null, tags.modifier], color: "var(--syntax-keyword)" },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--syntax-type)" },
  { tag: tags.definition(tags.propertyName), color: "var(--syntax-type)" },
  { tag: [tags.string, tags.special(tags.string), tags.character, tags.escape], color: "var(--syntax-string)" },
  { tag: [tags.number, tags.atom], color: "var(--syntax-number)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName], color: "var(--syntax-name)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const words = EditorState.phrases.of({
  "Control character": "Carácter de control",
  "Fold line": "Plegar la línea",
  "Unfold line": "Desplegar la línea",
  "Folded lines": "Líneas plegadas",
  "Unfolded lines": "Líneas desplegadas",
  "folded code": "código plegado",
  unfold: "desplegar",
  to: "a",
  Find: "Buscar",
  Replace: "Reemplazar",
  next: "siguiente",
  previous: "anterior",
  all: "todas",
  "match case": "distinguir mayúsculas",
  "by word": "palabra entera",
  regexp: "expresión regular",
  replace: "reemplazar",
  "replace all": "reemplazar todas",
  close: "cerrar",
  "current match": "coincidencia actual",
  "on line": "en la línea",
  "replaced match on line $": "reemplazada en la línea $",
  "replaced $ matches": "$ reemplazadas",
  "Go to line": "Ir a la línea",
  go: "ir",
  Completions: "Sugerencias",
  "Selection deleted": "Selección borrada",
});

function leave(view) {
  const form = view.dom.getRootNode().host?.closest("form");
  const next = form?.querySelector(".handin button, .handin a, [type='submit']");
  if (next) next.focus();
  else view.setTabFocusMode(true); // nothing to go to: from now on Tab leaves, until the editor is entered again
  return true;
}

function labelOf(textarea) {
  return (
    textarea.getAttribute("aria-label") ??
    [...(textarea.labels ?? [])].map((label) => label.textContent.trim()).join(" ") ??
    textarea.name
  );
}

function replace(textarea) {
  const language = (textarea.dataset.editor || "").toLowerCase();
  const host = document.createElement("div");
  host.className = "cm-host";
  const root = host.attachShadow({ mode: "open" });
  textarea.before(host);

  const attributes = { "aria-label": labelOf(textarea), spellcheck: "false", autocapitalize: "off", tabindex: "0" };
  const description = textarea.getAttribute("aria-describedby");
  if (description) {
    // an id does not reach into a shadow root; its words do
    attributes["aria-description"] = description
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent.trim() ?? "")
      .join(" ")
      .trim();
  }
  if (textarea.getAttribute("aria-invalid")) attributes["aria-invalid"] = textarea.getAttribute("aria-invalid");

  let mirroring = false;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        // after the completions' own Escape, before everything else
        Prec.low(keymap.of([{ key: "Escape", run: leave }])),
        basicSetup,
        keymap.of([indentWithTab]),
        LANGUAGES[language]?.() ?? [],
        indentUnit.of(" ".repeat(INDENT[language] ?? 4)),
        EditorState.tabSize.of(INDENT[language] ?? 4),
        EditorState.readOnly.of(textarea.readOnly),
        textarea.wrap === "soft" ? EditorView.lineWrapping : [],
        EditorView.contentAttributes.of(attributes),
        EditorView.domEventHandlers({ blur: (_event, blurred) => blurred.setTabFocusMode(false) }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged || mirroring) return;
          textarea.value = update.state.doc.toString();
          textarea.dispatchEvent(new Event("input", { bubbles: true }));
        }),
        syntaxHighlighting(colours),
        look,
        words,
      ],
    }),
  });

  textarea.hidden = true;
  for (const label of textarea.labels ?? []) {
    label.addEventListener("click", (event) => {
      event.preventDefault();
      view.focus();
    });
  }
  // whoever sets the textarea (a restored draft) tells so with "editor:set"
  textarea.addEventListener("editor:set", () => {
    mirroring = true;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: textarea.value } });
    mirroring = false;
  });
  // a refused empty field: the browser cannot focus what is hidden
  textarea.addEventListener("invalid", () => view.focus());
}

function replaceAll(scope) {
  for (const textarea of scope.querySelectorAll("textarea[data-editor]:not([hidden])")) replace(textarea);
}

replaceAll(document);
document.addEventListener("htmx:load", (event) => replaceAll(event.detail.elt));
