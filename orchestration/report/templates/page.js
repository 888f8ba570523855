"use strict";
(() => {
  const held = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  };
  const data = held("heatmap-data");
  if (!data || !Object.keys(data.maps).length) return;
  const spec = held("heatmap-spec");
  const words = held("words");
  const at = (id) => document.getElementById(id);
  const selects = ["centre", "metric", "pair", "window"].map((id) => at(`select-${id}`));
  const chart = at("heatmap");
  const ROW_HEIGHT = 27;
  const GAP = 0.07;
  let view = null;
  let turn = 0;

  const percent = (value) => (value === null ? "unknown" : `${(value * 100).toFixed(1)}%`);
  const number = (value) => (value === null ? "unknown" : value.toLocaleString("en-US"));
  const bounds = (low, high) =>
    low === null || high === null ? "cannot be known" : `${percent(low)} to ${percent(high)}`;
  const title = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const stateWord = (state) => words.states[state] || state;
  const spotText = (id) => {
    if (id === null) return "none";
    return data.blind_spots[id] ? `${id} ${data.blind_spots[id]}` : id;
  };
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function unpacked(map, pair, ceiling) {
    const inverseFrom = Number(style("--inverse-from"));
    return map.cells.map((parts) => {
      const cell = Object.fromEntries(data.cell_fields.map((name, index) => [name, parts[index]]));
      const { rate, state, suppress_reason: reason, is_missing_volume_estimated: estimated } = cell;
      const column = data.texts[map.columns[cell.column]];
      const row = data.texts[map.rows[cell.row]];
      const isHidden = state === "blind" || state === "suppressed" || rate === null;
      const kind = !isHidden ? "rate" : state === "suppressed" ? "suppressed" : "blind";
      const share = rate === null ? "" : rate >= 0.0995 ? Math.round(rate * 100) : (rate * 100).toFixed(1);
      return {
        column, row, column_rank: cell.column, row_rank: cell.row, kind,
        // The chart drops marks whose rate is null; the kind decides how these are drawn.
        rate: isHidden ? 0 : rate,
        label: isHidden ? "" : `${state === "unstable" ? "~" : ""}${share}%`,
        is_inverse: !isHidden && Math.min(1, rate / ceiling) >= inverseFrom,
        where: `${row} (${pair.rows}), ${column} (${pair.columns})`,
        state: reason === null ? stateWord(state) : `${stateWord(state)} (${reason})`,
        observed: number(cell.n_observed), exposed: number(cell.n_exposed), rate_text: percent(rate),
        low: percent(cell.rate_low), high: percent(cell.rate_high),
        undecidable: percent(cell.undecidable_share), confidence: percent(cell.data_confidence),
        grade: cell.grade, spot: cell.top_blind_spot_id, raw_state: state,
        missing: estimated === null ? "unknown" : estimated ? "estimated" : "not estimated",
        blind_spot: spotText(cell.top_blind_spot_id), spanned: bounds(cell.rate_low, cell.rate_high),
      };
    });
  }

  // Diagonal lines clipped to the cell, as a path in units of half a cell's width.
  function hatch(width, height) {
    const parts = [];
    for (let start = -height + 4; start < width; start += 7) {
      const x0 = Math.max(0, start);
      const x1 = Math.min(width, start + height);
      const point = (x) =>
        `${((2 * x) / width - 1).toFixed(3)},${((height - 2 * (x - start)) / width).toFixed(3)}`;
      parts.push(`M${point(x0)}L${point(x1)}`);
    }
    return parts.join("");
  }

  function fitted(map, rows, ceiling) {
    const labelWidth = chart.clientWidth < 600 ? 110 : 190;
    const room = (chart.clientWidth - labelWidth - 60) / map.columns.length;
    const pitch = Math.round(Math.max(42, Math.min(96, room)));
    const inner = pitch * (1 - GAP);
    const values = {
      ceiling, pitch: inner, hatch: hatch(inner, ROW_HEIGHT * (1 - GAP)),
      ink: style("--cell-ink"), inverse: style("--cell-inverse"), blind: style("--blind"),
      line: style("--mark"),
    };
    const text = { labelColor: style("--ink"), labelFontSize: 12, labelFont: "system-ui, sans-serif" };
    return {
      ...spec,
      params: spec.params.map((param) => ({ ...param, value: values[param.name] })),
      datasets: { cells: rows },
      width: { step: pitch },
      height: { step: ROW_HEIGHT },
      description: at("heatmap-summary").textContent,
      config: {
        background: "transparent", padding: 10, view: { stroke: null }, axis: { ...text, grid: false },
        axisY: { labelLimit: labelWidth - 10 }, axisX: { labelLimit: 130 },
        text: { font: "system-ui, sans-serif" },
        scale: { rectBandPaddingInner: GAP },
        range: { heatmap: [0, 1, 2, 3, 4, 5].map((step) => style(`--ramp-${step}`)) },
      },
    };
  }

  function count(n, noun) {
    return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  }

  function summary(map, rows) {
    const of = (state) => rows.filter((row) => row.raw_state === state).length;
    const parts = [
      `${count(rows.length, "cell")}: ${rows.filter((row) => row.kind === "rate").length} with a rate`
        + ` (${of("unstable")} of them unstable), ${of("suppressed")} suppressed, ${of("blind")} blind.`,
    ];
    const [columns, lines] = map.left_out;
    if (columns || lines) {
      parts.push(
        `Shown: the most exposed ${count(map.columns.length, "column")} and ${count(map.rows.length, "row")};`
          + ` left out: ${count(columns, "column")} and ${count(lines, "row")}.`,
      );
    }
    const named = new Map();
    rows.filter((row) => row.spot !== null)
      .forEach((row) => named.set(row.blind_spot, (named.get(row.blind_spot) || 0) + 1));
    const most = [...named].sort((a, b) => b[1] - a[1])[0];
    if (most) parts.push(`The blind spot that weighs most often: ${most[0]} (${count(most[1], "cell")}).`);
    return parts.join(" ");
  }

  function fill(id, rows) {
    at(id).replaceChildren(
      ...rows.map((row) => {
        const texts = [
          row.row, row.column, row.kind === "rate" ? row.rate_text : "cannot be known", row.spanned, `${row.observed} of ${row.exposed}`,
          row.undecidable, `${row.grade} (${row.confidence})`, stateWord(row.raw_state), row.blind_spot,
        ];
        const line = document.createElement("tr");
        texts.forEach((text, index) => {
          const cell = document.createElement(index === 0 ? "th" : "td");
          if (index === 0) cell.scope = "row";
          if (index > 1 && index < 6) cell.className = "n";
          cell.textContent = text;
          line.append(cell);
        });
        return line;
      }),
    );
    at(id).closest(".table").hidden = rows.length === 0;
  }

  function tables(rows, pair) {
    document.querySelectorAll("[data-axis='rows']").forEach((th) => { th.textContent = title(pair.rows); });
    document.querySelectorAll("[data-axis='columns']").forEach((th) => { th.textContent = title(pair.columns); });
    const rated = rows.filter((row) => row.kind === "rate");
    const unseen = rows.filter((row) => row.raw_state === "blind");
    fill("rated-cells", rated.slice(0, words.table_rows));
    fill("unseen-cells", unseen.slice(0, words.table_rows));
    at("n-unseen").textContent = number(unseen.length);
    at("no-rates").hidden = rated.length > 0;
  }

  async function draw() {
    const mine = ++turn;
    const [centre, metric, pair, window_] = selects.map((select) => select.value);
    const key = [centre, metric, pair, window_].join("|");
    const map = data.maps[key];
    const chosen = data.metrics[metric];
    at("metric-definition").textContent = [
      chosen.definition, chosen.exposure ? `Exposed: ${chosen.exposure}.` : "",
    ].join(" ").trim();
    at("windows-left-out").hidden = !data.centres[centre].windows_left_out;
    at("windows-left-out").textContent =
      `${data.centres[centre].windows_left_out} older windows are left out here; the marts file holds them.`;
    chart.hidden = at("legend").hidden = !map;
    if (!map) {
      at("heatmap-summary").textContent = "The marts hold no cells for this choice.";
      tables([], data.pairs[pair]);
      chart.dataset.drawn = key;
      return;
    }
    const ceiling = data.ceilings[`${centre}|${metric}|${pair}`] || 1;
    const rows = unpacked(map, data.pairs[pair], ceiling);
    at("heatmap-summary").textContent = summary(map, rows);
    at("ceiling").textContent = `${Math.round(ceiling * 100)}%`;
    tables(rows, data.pairs[pair]);
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const result = await vegaEmbed(chart.firstElementChild, fitted(map, rows, ceiling), {
      // Interpreted expressions need no eval, which the page's policy forbids.
      renderer: "svg", actions: false, ast: true, tooltip: { theme: isDark ? "dark" : "light" },
    });
    if (mine !== turn) { result.finalize(); return; }
    if (view) view.finalize();
    view = result;
    chart.dataset.drawn = key;
  }

  function offer(select, texts) {
    const kept = select.value;
    select.replaceChildren(...texts.map((text, index) => new Option(text, String(index))));
    select.value = Number(kept) < texts.length && kept !== "" ? kept : "0";
  }

  const [centreSelect, metricSelect, pairSelect, windowSelect] = selects;
  offer(centreSelect, data.centres.map((centre) => centre.name));
  offer(metricSelect, data.metrics.map((metric) => metric.label));
  offer(pairSelect, data.pairs.map((pair) => `${title(pair.rows)} by ${pair.columns}`));
  const first = at("heatmap").dataset.first.split("|");
  offer(windowSelect, data.centres[first[0]].windows);
  selects.forEach((select, index) => { select.value = first[index]; });
  const redraw = () => draw().catch((error) => {
    at("heatmap-summary").textContent = `The chart could not be drawn: ${error.message}`;
    console.error(error);
  });
  centreSelect.addEventListener("change", () => {
    windowSelect.value = "0";
    offer(windowSelect, data.centres[centreSelect.value].windows);
  });
  selects.forEach((select) => select.addEventListener("change", redraw));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let width = innerWidth;
  let pending = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(pending);
    pending = setTimeout(redraw, 150);
  });
  redraw();
})();
