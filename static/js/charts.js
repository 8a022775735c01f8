// Time series. The numbers come with the page in data-samples: pairs of seconds and rows.
"use strict";

const charts = new Map();

function rates(samples) {
  const seconds = [0], rows = [0];
  for (let at = 1; at < samples.length; at += 1) {
    const passed = samples[at][0] - samples[at - 1][0];
    if (passed <= 0) continue;
    seconds.push(samples[at][0]);
    rows.push((samples[at][1] - samples[at - 1][1]) / passed);
  }
  return [seconds, rows];
}

function ink(name, within) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  within.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const short = (seconds, span) => (span < 10 ? `${seconds.toFixed(1)} s` : clock(seconds));

function draw(box) {
  const text = box.dataset.samples;
  const known = charts.get(box);
  if (known?.text === text && known.width === box.clientWidth) return;
  known?.plot.destroy();
  const data = rates(JSON.parse(text));
  const span = data[0].at(-1);
  const axis = { stroke: ink("text3", box), font: '12px "Public Sans"', ticks: { show: false }, grid: { stroke: ink("grid", box), width: 1 } };
  const options = {
    width: box.clientWidth, height: box.clientHeight, cursor: { y: false, points: { show: false } }, legend: { show: false },
    scales: { x: { time: false }, y: { range: (plot, low, high) => [0, Math.max(1, high * 1.15)] } },
    axes: [
      { ...axis, size: 30, grid: { show: false }, values: (plot, marks) => marks.map((mark) => short(mark, span)) },
      { ...axis, size: 56, values: (plot, marks) => marks.map((mark) => mark.toLocaleString("en-US")) },
    ],
    series: [{}, { stroke: ink("accent", box), width: 1.5, fill: ink("accent-soft", box), points: { show: false } }],
  };
  charts.set(box, { text, width: box.clientWidth, plot: new uPlot(options, data, box) });
}

function drawAll() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

function redraw() {
  charts.forEach((chart, box) => { chart.plot.destroy(); charts.delete(box); });
  drawAll();
}

// Axis labels are drawn on a canvas, so the font has to be there first.
document.fonts.ready.then(drawAll);
document.addEventListener("htmx:after:swap", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(redraw, 150); });
