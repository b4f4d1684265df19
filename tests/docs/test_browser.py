"""The built site in a browser, on a narrow and a wide screen, light and dark (on request: ``tox run -e browser``)."""

import re
import shutil

import pytest

from helpers.documents import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="on request: tox run -e browser")
pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])

SITE = ROOT / "docs" / "_build" / "html"
PAGES = sorted(path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in ROOT.glob("docs/**/[!_]*.md"))
WIDTHS = [390, 1400]

WIDER_THAN_THE_SCREEN = """() => [
  ...(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []),
  ...[...document.querySelectorAll(".table-wrapper")]
    .filter((table) => table.scrollWidth > table.clientWidth + 1).map((table) => table.innerText.slice(0, 60)),
]"""

BROKEN_WORDS = r"""() => {
  const broken = [], range = document.createRange();
  for (const cell of document.querySelectorAll("article td")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const word of node.data.matchAll(/[\w.]+/g)) {
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""

# WCAG's contrast of each text of the pictures with the colour behind it.
CONTRASTS = r"""() => {
  const channels = (color) => color.match(/[\d.]+/g).map((value) => value / (color.startsWith("rgb") ? 255 : 1));
  const luminance = (color) => channels(color).slice(0, 3)
    .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (text) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const boxes = [...text.ownerSVGElement.querySelectorAll("rect")].filter((rect) => {
      const area = rect.getBoundingClientRect();
      return area.left <= x && x <= area.right && area.top <= y && y <= area.bottom;
    }).filter((rect) => getComputedStyle(rect).fill !== "none");
    return boxes.length ? getComputedStyle(boxes.at(-1)).fill : getComputedStyle(document.body).backgroundColor;
  };
  return [...document.querySelectorAll("article svg.picture text")].map((text) => {
    const two = [getComputedStyle(text).fill, behind(text)].map(luminance).sort((a, b) => b - a);
    return [text.textContent, (two[0] + 0.05) / (two[1] + 0.05)];
  });
}"""


@pytest.fixture(scope="session")
def browser():
    """Start Chromium: the machine's own if there is one, otherwise that of ``playwright install chromium``."""
    with playwright.sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, scheme):
    """Return a function that opens a page of the site."""
    contexts = []

    def open_page(name, width=1400):
        contexts.append(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.goto((SITE / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_width(open_page, name, width):
    """No page and no table is wider than the screen, and no name in a table breaks inside."""
    page = open_page(name, width)
    assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
    assert page.evaluate(BROKEN_WORDS) == []


def pages_with(text):
    """Parametrize a test with the pages whose source has this text."""
    names = [name for name in PAGES if text in (ROOT / f"docs/{name}.md").read_text("utf-8")]
    return pytest.mark.parametrize("name", names)


@pages_with("pictures/")
def test_pictures(open_page, name):
    """The text of a picture can be read in front of what is behind it."""
    contrasts = open_page(name).evaluate(CONTRASTS)
    assert contrasts
    assert [found for found in contrasts if found[1] < 4.5] == []


@pages_with("```console")
def test_copied_commands(open_page, name):
    """The button of a console block copies its commands, without the prompt and the output."""
    page = open_page(name)
    page.evaluate("document.addEventListener('copy', () => { window.copied = document.activeElement.value; })")
    for block in page.locator("div.highlight-console").all():
        block.hover()
        block.locator("button.copybtn").click()
        assert page.evaluate("window.copied") == commands(block.locator("pre").inner_text())


def commands(text):
    """Return the commands of a console block, as a shell takes them: all of it, if it has no prompt."""
    if "$ " not in text:
        return text.rstrip("\n")
    return "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("lambda timeout 15 minutes", "how-to/recipes"),
        ("export of three hours", "how-to/recipes"),
        ("limit of five", "how-to/failures"),
        ("exponential backoff", "how-to/calls"),
        ("back-off", "how-to/calls"),
        ("reset between tests", "how-to/scopes"),
        ("clock without pytest", "how-to/polling"),
        ("mypy", "reference/fixtures"),
        ("half-written", "how-to/files"),
        ("incomplete export", "how-to/files"),
        ("two accounts", "how-to/scopes"),
        ("snapshot creating", "how-to/snapshots"),
        ("rule does not fire", "how-to/deliveries"),
        ("sweep", "how-to/sweep"),
        ("moto snapshot", "how-to/other-services"),
    ],
)
def test_search(open_page, words, found):
    """The page for a question of a tester is among the first four results of the search."""
    page = open_page("search")
    page.locator("article input[name=q], form.sidebar-search-container input[name=q]").first.fill(words)
    page.keyboard.press("Enter")
    page.get_by_text("Search finished").wait_for()
    links = page.locator("#search-results li > a").all()[:4]
    assert found in [link.get_attribute("href").partition(".html")[0] for link in links]
