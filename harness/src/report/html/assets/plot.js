// Small plots: what share each class has, how long cases take, how it went over time.

// A bar in the shares of `counts`.
function shares(counts, label) {
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  const bar = svg("svg", { class: "shares", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": label });
  let at = 0;
  counts.forEach((count, cls) => {
    if (count === 0) return;
    // One case in five hundred is still to be seen.
    const width = Math.max((100 * count) / total, 0.8);
    bar.append(svg("rect", { class: `f${cls}`, x: at, y: 0, width, height: 8 }));
    at += (100 * count) / total;
  });
  return bar;
}

// Edges of the classes of durations, in milliseconds.
const EDGES = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

// How many cases take how long, on a logarithmic scale.
function histogram(shown) {
  const bins = new Array(EDGES.length + 1).fill(0);
  for (const ms of shown.durations) {
    if (ms === null) continue;
    const bin = EDGES.findIndex((edge) => ms < edge);
    bins[bin < 0 ? EDGES.length : bin] += 1;
  }
  const most = Math.max(...bins, 1);
  const names = bins.map((_, n) => (n === 0 ? "under 1 ms" : n === EDGES.length ? "10 s and more" : `${duration(EDGES[n - 1])} to ${duration(EDGES[n])}`));
  const label = `${duration(shown.ms)} in all; ${bins.map((count, n) => `${count} ${names[n]}`).filter((_, n) => bins[n]).join(", ")}`;
  const plot = svg("svg", { class: "histogram", viewBox: `0 0 ${bins.length * 8} 24`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  bins.forEach((count, n) => {
    const height = count === 0 ? 0.75 : 2 + (22 * Math.log1p(count)) / Math.log1p(most);
    plot.append(svg("rect", { x: n * 8, y: 24 - height, width: 6.5, height, rx: 0.8 }, svg("title", {}, `${names[n]}: ${plural(count, "case")}`)));
  });
  return plot;
}

// A duration between the shortest and the longest of its row, on a logarithmic scale.
function lollipop(ms, longest) {
  const scale = (value) => (100 * Math.log1p(value)) / Math.log1p(Math.max(longest, 1));
  const plot = svg("svg", { class: "lollipop", viewBox: "-4 0 108 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (ms === null) return plot;
  plot.append(svg("line", { x1: 0, y1: 5, x2: scale(ms), y2: 5 }), svg("rect", { x: scale(ms) - 1.5, y: 1.5, width: 3, height: 7 }));
  return plot;
}

// How many cases were as demanded in each run, oldest first; a mark where a run was not like the one
// before.
function sparkline(past, width, height) {
  const runs = past.runs;
  if (runs.length < 2) return null;
  const good = runs.map((run) => run[2][0] + run[2][1]);
  const totals = runs.map((run) => run[2].reduce((sum, count) => sum + count, 0));
  const top = Math.max(...good);
  const low = Math.min(...good);
  const span = Math.max(top - low, 1);
  const x = (n) => 3 + (n * (width - 6)) / (runs.length - 1);
  const y = (value) => 3 + ((top - value) * (height - 6)) / span;
  const label = `${plural(runs.length, "run")}: ${good[0]} of ${totals[0]} clean at first, ${good.at(-1)} of ${totals.at(-1)} now`;
  const plot = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  plot.append(svg("polyline", { points: good.map((value, n) => `${x(n).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
  runs.forEach((run, n) => {
    const changed = n > 0 && run[2].join() !== runs[n - 1][2].join();
    const last = n === runs.length - 1;
    if (!changed && !last) return;
    const worse = n > 0 && good[n] < good[n - 1];
    const title = svg("title", {}, `${moment(run[0])}${run[1] ? ` at ${run[1]}` : ""}: ${good[n]} of ${totals[n]} clean`);
    plot.append(worse
      ? svg("path", { class: "worse", d: `M${x(n) - 3} ${y(good[n]) - 3}l6 6m0 -6l-6 6` }, title)
      : svg("circle", { cx: x(n), cy: y(good[n]), r: 2.2 }, title));
  });
  return plot;
}
