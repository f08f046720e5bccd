"""HTML that runs something where it is not cleaned: RAN is the JavaScript that says so."""

from __future__ import annotations

import base64

IMG = "<img src=x onerror=RAN>"
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='top.ran(-1)'><script>top.ran(-1)</script></svg>")

# run when they are loaded
LOADED = [
    "<script>RAN</script>", "<ScRiPt >RAN</sCrIpT >", "<script type=module>RAN</script>", "<<script>RAN//<</script>",
    '<script src="data:text/javascript,RAN"></script>', "<script>RAN</script", "<script x>RAN</script/x>",
    IMG, '<img src=x oNeRrOr = "RAN">', "<img/src=x/onerror=RAN>", '<img src="x`y" onerror=RAN `>',
    "<image src=x onerror=RAN>", "<img src=x onerror\x0c=\x0cRAN>", '<p title="`">x<img src=x onerror=RAN>',
    # comments, sections and texts that end elsewhere than they seem to
    f"<!-->{IMG}-->", f"<!--->{IMG}-->", f"<!-- --!>{IMG}-->", f"<!--<!-- -->{IMG}-->", f"<!-{IMG}->", f"</ {IMG}>",
    f"<svg><![CDATA[>{IMG}]]></svg>", f"<![CDATA[>{IMG}]]>", f"<svg><![CDATA[</svg>{IMG}]]></svg>",
    f"<?xml >{IMG}?>", f"<!DOCTYPE x [>{IMG}]>", f"<%>{IMG}%>",
    f"<textarea><!--</textarea>{IMG}--></textarea>", f"<title><!--</title>{IMG}--></title>",
    f'<noscript><p title="</noscript>{IMG}">', f"<xmp><!--</xmp>{IMG}--></xmp>", f"<style><!--</style>{IMG}--></style>",
    f"<iframe><!--</iframe>{IMG}--></iframe>", f"<noembed><!--</noembed>{IMG}--></noembed>",
    f"<noframes><!--</noframes>{IMG}--></noframes>", f"<svg><style><!--</style>{IMG}--></style></svg>",
    f"<math><style><!--</style>{IMG}--></style></math>", f"<svg><title><!--</title>{IMG}--></title></svg>",
    f"<svg><style>{IMG}</style></svg>", f"<math><style>{IMG}</style></math>", f"<svg><xmp>{IMG}</xmp></svg>",
    # drawings and formulas
    "<svg onload=RAN></svg>", "<svg/onload=RAN>", "<svg\x0conload=RAN>", "<svg><script>RAN</script></svg>",
    "<svg><script>alert&lpar;1)&#59;RAN</script></svg>", '<svg><script href="data:text/javascript,RAN"/></svg>',
    "<svg><animate onbegin=RAN attributeName=x dur=1s></svg>", "<svg><set onbegin=RAN attributeName=x dur=1s></svg>",
    "<svg><image href=x onerror=RAN></svg>", f"<svg><desc>{IMG}</desc></svg>", f"<svg></p>{IMG}</svg>",
    f"<svg><foreignObject>{IMG}</foreignObject></svg>", f"<math><mi>{IMG}</mi></math>", f"<math></p>{IMG}",
    f'<math><annotation-xml encoding="text/html">{IMG}</annotation-xml></math>',
    # what one parser changes and the next one runs
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=RAN&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=RAN>">', "<div><math><mi><xmp></math><img src onerror=RAN>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=RAN>",
    '<svg><p><style><g title="</style><img src=x onerror=RAN>"></svg>',
    '<math><mtext><option><FAKE><option></option><mglyph><svg><mtext><style><a title="</style><img src onerror=RAN>">',
    # frames, objects, what asks to be shown
    "<iframe src=javascript:RAN></iframe>", "<iframe srcdoc='<script>RAN</script>'></iframe>",
    "<object data=javascript:RAN></object>", "<embed src=javascript:RAN>", "<iframe onload=RAN></iframe>",
    f"<div><template shadowrootmode=open>{IMG}</template></div>", "<body onload=RAN>", "<marquee onstart=RAN>x</marquee>",
    "<details open ontoggle=RAN>x</details>", "<video><source onerror=RAN src=x></video>", "<audio src=x onerror=RAN>",
    "<style onload=RAN></style>", "<link rel=stylesheet href='data:text/css,' onload=RAN>",
    "<style>@keyframes k{}</style><p style='animation:k' onanimationstart=RAN>x</p>",
    "<style>*{--x:1}</style><p style='transition:opacity 1ms' onmouseover=RAN>x</p>",
    "<input autofocus onfocus=RAN>", "<xss autofocus tabindex=1 onfocus=RAN>x</xss>", "<select autofocus onfocus=RAN>",
]  # fmt: skip
# run when they are clicked, pointed at or focused
TOUCHED = [
    "<a href=javascript:RAN>x</a>", "<a href='java\tscript:RAN'>x</a>", "<a href='java\nscript:RAN'>x</a>",
    "<a href=' \x01 javascript:RAN'>x</a>", "<a href='&#106;avascript&colon;RAN'>x</a>", "<a href=JaVaScRiPt:RAN>x</a>",
    "<a href='javascript&NewLine;:RAN'>x</a>", "<a href='javascript://%0aRAN'>x</a>",
    "<svg><a href=javascript:RAN><text y=20>x</text></a></svg>",
    "<svg><a xlink:href=javascript:RAN><text y=20>x</text></a></svg>",
    "<svg><a><animate attributeName=href values=javascript:RAN /><text y=20>x</text></a></svg>",
    "<svg><a><set attributeName=href to=javascript:RAN /><text y=20>x</text></a></svg>",
    "<math><a xlink:href=javascript:RAN>x</a></math>", "<math href=javascript:RAN><mi>x</mi></math>",
    "<math><mi xlink:href=javascript:RAN>x</mi></math>", "<math><mtext><a href=javascript:RAN>x</a></mtext></math>",
    "<math><maction actiontype=statusline xlink:href=javascript:RAN>x</maction></math>",
    "<form action=javascript:RAN><input type=submit></form>", "<button form=x formaction=javascript:RAN>x</button><form id=x>",
    "<form><button formaction=javascript:RAN>x</button></form>", "<form><input type=image formaction=javascript:RAN>",
    "<base href='javascript:/x/'><a href='#/%0aRAN'>x</a>", "<map name=m><area shape=default href=javascript:RAN></map>",
    "<b onmouseover=RAN>x</b>", "<b onclick=RAN>x</b>", "<b OnClick\n=\nRAN>x</b>", "<div onpointerenter=RAN>x</div>",
    "<label onclick=RAN>x</label>", "<summary onclick=RAN>x</summary>", "<p contenteditable onfocus=RAN tabindex=0>x</p>",
    "<table><td onclick=RAN>x</table>", "<math onclick=RAN><mi>x</mi></math>", "<button onclick=RAN>x</button>",
]  # fmt: skip
# run nothing here, but are not to be in a page: they lead away, load, forge what is ours, or use what is no standard
FOREIGN = [
    "<meta http-equiv=refresh content='0;url=https://example.org'>", "<base href=https://example.org>",
    "<iframe src=https://example.org></iframe>", "<iframe src='data:text/html,<script>1</script>'></iframe>",
    "<a href='data:text/html,<script>1</script>'>x</a>", "<a href='//example.org/x'>x</a>", "<a href=vbscript:x>x</a>",
    "<a href='\\\\example.org\\x'>x</a>", "<a href='blob:x'>x</a>", "<a href='file:///etc/passwd'>x</a>",
    "<img src=https://example.org/x.png>", "<img srcset='https://example.org/x.png 2x'>", "<video poster=https://example.org>",
    "<p style='background:url(https://example.org)'>x</p>", "<p style='background:u\\rl(https://example.org)'>x</p>",
    "<p style='width:expression(RAN)'>x</p>", "<p style='width:e/**/xpression(RAN)'>x</p>", "<p style='behavior:url(x)'>x</p>",
    "<p style='-moz-binding:url(x)'>x</p>", "<p style='position:fixed;inset:0'>x</p>", "<p style='background:image-set(\"x\" 1x)'>",
    "<style>@import 'https://example.org';</style>", "<style>@import\\20url(x);</style>", "<style>main{display:none}</style>",
    "<style>#T_a{background:url(https://example.org)}</style>", "<style>#T_a,main{color:red}</style>",
    "<style>#T_a{color:red}</style ><style>main{color:red}#T_a{content:'</style><script>RAN</script>'}</style>",
    "<style>#T_a[title='</style><script>RAN</script>']{color:red}</style>", "<table background=https://example.org><td>x</table>",
    "<div data-viewer=explore></div><script type='application/json'>{}</script>", "<p id=tn-pool>[]</p>", "<p id=TN-pool>[]</p>",
    "<object data=https://example.org></object>", "<embed src=https://example.org>", "<form action=https://example.org><input></form>",
    "<link rel=prefetch href=https://example.org>", "<a href=https://example.org ping=https://example.org>x</a>",
    f"<object type=image/svg+xml data=data:image/svg+xml;base64,{SVG.decode()}></object>", f"<img src=data:image/svg+xml;base64,{SVG.decode()}>",
    "<scr\0ipt>RAN</scr\0ipt>", "<img src=x on\0error=RAN>", "<plaintext><script>RAN</script>", "<frameset onload=RAN>",
]  # fmt: skip
EVERY = [*LOADED, *TOUCHED, *FOREIGN]


def numbered(payloads: list[str]) -> list[str]:
    """Each with a call of its own: ``top.ran(7)``."""
    return [html.replace("RAN", f"top.ran({number})") for number, html in enumerate(payloads)]
