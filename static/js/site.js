// The script of every page. Each module improves something that works without it; behaviour hangs on data-*.
import "./requests.js";
import "./theme.js";
import "./copy.js";
import "./spy.js";
import "./shortcuts.js";
import "./reference.js";
import "./toasts.js";
import "./once.js";
import "./autosave.js";
import "./upload.js";
import "./steps.js";
