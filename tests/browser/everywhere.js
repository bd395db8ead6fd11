// What has to hold on every page, in whatever window: returns what does not, in words. arguments[0]: what the page is
// looked at for, such as {script: false} or {still: true}.
const wanted = arguments[0];
const found = [];
const say = (what, one) => found.push(`${what}: ${one.outerHTML.slice(0, 160)}`);
const shown = (one) => one.checkVisibility({ visibilityProperty: true });
const aside = (one) => one.closest(".hidden, .skip") !== null;

const wide = document.documentElement.scrollWidth;
if (wide > window.innerWidth) {
  found.push(`hangs over the side: ${wide} px in a window of ${window.innerWidth}`);
  for (const one of document.querySelectorAll("body *")) {
    if (one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest(".wide")) say("reaches beyond", one);
  }
}
for (const one of document.querySelectorAll("body *:not(svg *)")) {
  const { overflowX, textOverflow } = getComputedStyle(one);
  const isCut = ["hidden", "clip"].includes(overflowX) && textOverflow !== "ellipsis" && one.scrollWidth > one.clientWidth + 1;
  if (isCut && shown(one) && !aside(one)) say("cut off", one);
}

// Headings and landmarks.
const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown).map((one) => Number(one.tagName[1]));
if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) found.push(`headings ${levels}: one h1, the first`);
if (levels.some((level, place) => place && level > levels[place - 1] + 1)) found.push(`headings ${levels} leave a level out`);
for (const landmark of ["header", "nav[aria-label]", "main", "footer"]) {
  if (!document.querySelector(landmark)) found.push(`no ${landmark}`);
}
for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) say("jumps the order of the Tab key", one);
for (const one of document.querySelectorAll("a[href^='#']")) {
  if (one.hash.length > 1 && !document.getElementById(decodeURIComponent(one.hash.slice(1)))) say("leads nowhere", one);
}

// The menu: where one is can be seen, and everything else is at most one line away.
const summary = document.querySelector(".menu summary");
const isFolded = summary !== null && shown(summary);
const entries = () => [...document.querySelectorAll(".menu a")].filter(shown);
const current = document.querySelector(".menu [aria-current]");
if (current === null) found.push("no entry of the menu is the current one");
if (isFolded && current && !summary.textContent.includes(current.textContent)) say("does not name the current page", summary);
if (isFolded) summary.parentElement.open = true;
if (current && !entries().some((one) => one.hasAttribute("aria-current"))) say("the current entry is not in sight", current);
if (entries().length < 7) found.push(`${entries().length} entries of the menu are in sight`);
for (const one of entries()) {
  const box = one.getBoundingClientRect();
  if (box.left < 0 || box.right > window.innerWidth + 1) say("not in sight", one);
}
if (isFolded) summary.parentElement.open = false;

// Charts: named, drawn where there is a script, with a table in any case, and with labels inside of the picture.
for (const card of document.querySelectorAll(".chart-card")) {
  const canvas = card.querySelector(".canvas");
  if (canvas.getAttribute("role") !== "img" || (canvas.getAttribute("aria-label") ?? "").length < 20) say("is not described", canvas);
  const table = card.querySelector("details.data table");
  if (!table || !table.caption || table.tBodies[0].rows.length === 0) say("has no table", card);
  if (!wanted.script) {
    if (shown(canvas)) say("is an empty picture", canvas);
    if (table && !shown(table)) say("does not show its table", card);
    continue;
  }
  const drawn = canvas.querySelector("svg");
  if (!drawn || canvas.getBoundingClientRect().height < 100) {
    say("is not drawn", canvas);
    continue;
  }
  const frame = canvas.getBoundingClientRect();
  for (const text of drawn.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    const isOutside =
      box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
    if (isOutside) found.push(`label "${text.textContent}" leaves the picture ${canvas.dataset.chart}`);
  }
  const days = echarts.getInstanceByDom(canvas).getOption().series.filter(({ type, data }) => type === "heatmap" && data.length);
  const shades = [1, 2, 3, 4].map((shade) => getComputedStyle(document.documentElement).getPropertyValue(`--heat${shade}`).trim());
  const isPainted = [...drawn.querySelectorAll("path")].some((one) => shades.includes(one.getAttribute("fill")));
  if (days.length && !isPainted) say("paints no day", canvas);
  if (wanted.still && echarts.getInstanceByDom(canvas).getOption().animation !== false) say("is animated", canvas);
}
for (const one of document.querySelectorAll("svg[role=img]")) {
  if (!one.querySelector("title") && !one.hasAttribute("aria-label")) say("is not described", one);
}

// Nothing moves for those who ask for that.
if (wanted.still) {
  if (getComputedStyle(document.documentElement).scrollBehavior !== "auto") found.push("scrolls smoothly");
  for (const one of document.getAnimations()) found.push(`moves: ${one.effect.target?.outerHTML.slice(0, 160)}`);
  for (const one of document.querySelectorAll("body *")) {
    const { animationName, transitionDuration } = getComputedStyle(one);
    if (animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration)) say("would move", one);
  }
}
return found;
