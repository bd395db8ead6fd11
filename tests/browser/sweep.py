"""What holds on every page, in every look: `everywhere.js`, axe-core, and what the browser complains about."""

from __future__ import annotations

from pathlib import Path

from tests.browser.browser import Browser

CHECKS = (Path(__file__).parent / "everywhere.js").read_text()
# Width, colour scheme, and whether letters are large and wide as on machines with other fonts.
LOOKS = [
    (390, "light", "own"),
    (390, "dark", "wide"),
    (1200, "light", "wide"),
    (1200, "dark", "own"),
    # WCAG 1.4.10: 320 px are a window of 1280 px at 400 %.
    (320, "light", "own"),
    # WCAG 1.4.4: text of twice the size.
    (1200, "light", "twice"),
]
FONTS = {
    "own": "",
    "wide": "html { font-size: 112%; } * { letter-spacing: .06em !important; }",
    "twice": "html { font-size: 200%; }",
}
# Colours depend on the scheme, all else that axe-core looks at on the width, so two looks show it everything.
AXE_IN = [(390, "dark", "wide"), (1200, "light", "wide")]
# For people who look at changes of pages.
PICTURES_IN = {(390, "light", "own"): "phone-light", (1200, "dark", "own"): "desktop-dark"}
# Whether the window has a width and a colour scheme.
_IS_SEEN = """
return document.documentElement.clientWidth === arguments[0]
  && matchMedia(`(prefers-color-scheme: ${arguments[1]})`).matches;
"""


def look(window: Browser, width: int, scheme: str, font: str) -> None:
    """Show the page as another window does; charts are drawn anew."""
    window.resize(width, scheme)
    window.wait(lambda: window.driver.execute_script(_IS_SEEN, width, scheme))
    # A frame says "resize" and then which colours changed; the second one has drawn both.
    window.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()))")
    window.driver.execute_script(
        """const sheet = new CSSStyleSheet();
        sheet.replaceSync(arguments[0]);
        document.adoptedStyleSheets = [sheet];
        dispatchEvent(new Event("resize"));""",
        FONTS[font],
    )


def drawn(window: Browser) -> None:
    """Wait for the charts of a page, if it has any."""
    if window.all(".chart-card"):
        window.wait(lambda: window.find("html").get_attribute("data-charts"))


def problems_of(window: Browser, page: str) -> list[str]:
    """Return what is wrong with a page, in words, in each look; leaves pictures of it in `screenshots/`."""
    window.get(page)
    drawn(window)
    problems = []
    for one in LOOKS:
        look(window, *one)
        found = window.driver.execute_script(CHECKS, {"script": True, "still": True})
        found += window.violations() if one in AXE_IN else []
        problems += [f"{one}: {problem}" for problem in found]
        if one in PICTURES_IN:
            window.name = PICTURES_IN[one]
            window.screenshot(page)
    return problems + window.complaints()
