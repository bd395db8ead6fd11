"use strict";
// Draws the charts of a page from their JSON. Tables contain the same numbers without this script.
(() => {
  const colors = () => {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(`--${name}`).trim() || name;
  };
  // Labels are measured in the font that the page really has, with the reader's own size and space between letters.
  const SCALED = ["fontSize", "lineHeight", "itemHeight"];
  const scale = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const ruler = document.createElement("canvas").getContext("2d");
  const measured = (text, size) => {
    const { fontFamily, fontWeight, letterSpacing } = getComputedStyle(document.querySelector(".canvas") ?? document.body);
    ruler.font = `${fontWeight} ${size}px ${fontFamily}`;
    ruler.letterSpacing = letterSpacing === "normal" ? "0px" : letterSpacing;
    return ruler.measureText(text).width;
  };
  echarts.setPlatformAPI({
    measureText: (text, font) => ({ width: measured(text, Number.parseFloat(/([\d.]+)px/.exec(font)?.[1] ?? 12)) }),
  });
  // Of names beside bars: as much as the longest needs, and at most so much of the picture.
  const LABELS = 0.42;
  const room = (labels, size, width) =>
    Math.ceil(Math.min(LABELS * width, Math.max(...labels.map((label) => measured(label, size))) + 2));
  // `@bar` stands for the colour of that name in the style sheet.
  const filled = (value, color) => {
    if (typeof value === "string") return value.startsWith("@") ? color(value.slice(1)) : value;
    if (Array.isArray(value)) return value.map((one) => filled(one, color));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, SCALED.includes(key) ? one * scale() : filled(one, color)]));
    }
    return value;
  };
  // A line with two caps from low to high: [x, low, high], or [low, high, y] when horizontal. Paper around it keeps it
  // visible on bars of any colour.
  const interval = (series, color) => ({
    type: "custom", name: series.name, silent: true, z: 5, data: series.data, tooltip: { show: false },
    encode: series.horizontal ? { x: [0, 1], y: 2 } : { x: 0, y: [1, 2] },
    renderItem: (_params, api) => {
      const flat = series.horizontal;
      const from = flat ? api.coord([api.value(0), api.value(2)]) : api.coord([api.value(0), api.value(1)]);
      const to = flat ? api.coord([api.value(1), api.value(2)]) : api.coord([api.value(0), api.value(2)]);
      const cap = flat ? [0, 4] : [4, 0];
      const line = (a, b, style) => ({ type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style });
      const whole = (style) => [
        line(from, to, style),
        ...[from, to].map((end) => line([end[0] - cap[0], end[1] - cap[1]], [end[0] + cap[0], end[1] + cap[1]], style)),
      ];
      const paper = { stroke: color("paper"), lineWidth: 4, lineCap: "round" };
      return { type: "group", children: [...whole(paper), ...whole({ stroke: color("ink"), lineWidth: 1.4 })] };
    },
  });
  const later = (day, days) => new Date(Date.parse(day) + days * 86400000).toISOString().slice(0, 10);
  const draw = (canvas) => {
    const color = colors();
    const option = filled(JSON.parse(document.getElementById(canvas.dataset.chart).textContent), color);
    option.series = option.series.map((series) => (series.type === "interval" ? interval(series, color) : series));
    if (option.calendar) {
      const range = canvas.parentElement.querySelector(".range");
      if (range) {
        // A window that was a phone's becomes wide.
        canvas.dataset.range ||= range.textContent;
        range.textContent = canvas.dataset.range;
        if (canvas.dataset.label) canvas.setAttribute("aria-label", canvas.dataset.label);
      }
      // A phone is too narrow for a year of days, so it shows the newest half.
      if (option.calendar.length === 1 && canvas.clientWidth < 420) {
        const [begin, end] = option.calendar[0].range;
        const half = later(end, -182);
        if (half > begin) {
          option.calendar[0].range = [half, end];
          const shown = canvas.dataset.half;
          canvas.parentElement.querySelector(".range").textContent = shown;
          canvas.dataset.label ||= canvas.getAttribute("aria-label");
          canvas.setAttribute("aria-label", `${canvas.dataset.label} ${shown}`);
        }
      }
      // Weekdays stand left of the squares, and the year left of them.
      for (const strip of option.calendar) {
        const days = strip.dayLabel, year = strip.yearLabel;
        const wide = Math.max(...days.nameMap.map((name) => measured(name, days.fontSize)));
        year.margin = Math.ceil(wide) + 2 * days.margin;
        strip.left = year.show ? year.margin + 1.4 * year.fontSize : Math.ceil(wide) + 2 * days.margin;
        strip.top = Math.max(strip.top, 2 * days.fontSize);
      }
      // A square brings its words, in the language of the page.
      option.tooltip.formatter = (item) => item.data[2];
    }
    option.textStyle.fontFamily = getComputedStyle(canvas).fontFamily;
    option.grid.top *= scale();
    if (option.yAxis && option.yAxis.type === "category") {
      option.yAxis.axisLabel.width = room(option.yAxis.data, option.yAxis.axisLabel.fontSize, canvas.clientWidth);
    }
    const chart = echarts.getInstanceByDom(canvas) || echarts.init(canvas, null, { renderer: "svg" });
    chart.setOption(option, true);
    return chart;
  };
  const cards = [...document.querySelectorAll(".chart-card")];
  const canvases = cards.map((card) => {
    card.classList.add("drawn");
    card.querySelector("details.data").open = false;
    return card.querySelector(".canvas");
  });
  const charts = canvases.map(draw);
  // A phone says "resize" when it hides its address bar, too.
  const windowNow = () => [innerWidth, scale(), measured("m", 12)].join();
  let known = windowNow();
  addEventListener("resize", () => {
    if (windowNow() === known) return;
    known = windowNow();
    charts.forEach((chart) => chart.resize());
    canvases.forEach(draw);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => canvases.forEach(draw));
  // Paper has another width, and light colours.
  matchMedia("print").addEventListener("change", () => canvases.map(draw).forEach((chart) => chart.resize()));
  // Two clicks in the calendar of events choose the first and the last day.
  const place = canvases.findIndex((canvas) => canvas.dataset.chart === "event_calendar-option");
  const [first, last] = [document.getElementById("first_day"), document.getElementById("last_day")];
  if (place >= 0 && first && last) {
    charts[place].getZr().on("click", (event) => {
      const chart = charts[place], calendar = { calendarIndex: 0 };
      const time = chart.convertFromPixel(calendar, [event.offsetX, event.offsetY]);
      if (!Number.isFinite(time)) return;
      const day = echarts.time.format(time, "{yyyy}-{MM}-{dd}", false);
      // ECharts returns a day for clicks beside the squares too.
      const [x, y] = chart.convertToPixel(calendar, day);
      const [wide, high] = [chart.convertToPixel(calendar, later(day, 7))[0] - x, 14];
      const [begin, end] = chart.getOption().calendar[0].range;
      const isBeside = Math.abs(event.offsetX - x) > wide / 2 || Math.abs(event.offsetY - y) > high / 2;
      if (isBeside || day < begin || day > end) return;
      if (!first.value || last.value || day < first.value) {
        first.value = day;
        last.value = "";
      } else {
        last.value = day;
      }
    });
  }
  document.documentElement.dataset.charts = String(charts.length);
})();
