
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const filters = { source: at("source"), destination: at("destination"), port: at("port"), verdict: at("verdict") };
  const isReach = data.kind === "reach";
  const LARGEST = 6; // so many names are shown before the rest is counted

  // Text alone: names come from manifests and are never read as markup.
  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const cellAt = new Map(data.cells.map((cell) => [cell.row + "," + cell.column, cell]));
  const words = new Map(data.legend);
  const byPlace = [data.sources, data.destinations].map((side) => {
    const places = side.places.map(() => []);
    side.members.forEach(([, place], member) => places[place].push(member));
    return places;
  });

  // Members of each set by place: what of a line lies in a cell.
  const parts = [data.sources, data.destinations].map((side) =>
    data.sets.map((set) => {
      let places = null;
      return () => {
        if (!places) {
          places = new Map();
          for (const member of set) {
            if (!side.members[member]) continue;
            const place = side.members[member][1];
            if (!places.has(place)) places.set(place, []);
            places.get(place).push(member);
          }
        }
        return places;
      };
    }));
  const sourcesIn = (line, row) => parts[0][line.from]().get(row) || [];
  const destinationsIn = (line, column) => parts[1][line.to]().get(column) || [];

  // "80", "80/tcp", "8000-8080/udp", "icmp", "other", "all".
  function portsOf(text) {
    const parsed = /^(\d+)(?:-(\d+))?(?:\/(\w*))?$/.exec(text);
    if (parsed) return { first: +parsed[1], last: +(parsed[2] || parsed[1]), protocol: (parsed[3] || "").toLowerCase() };
    return { word: text.toLowerCase() };
  }

  function hasPort(line, wanted) {
    if (!wanted) return true;
    return line.ports.some((text) => {
      const own = portsOf(text);
      if (wanted.word !== undefined) {
        if (wanted.word === "") return true;
        return own.word !== undefined ? own.word.startsWith(wanted.word)
          : own.protocol.startsWith(wanted.word);
      }
      if (own.word === "all") return "tcp udp sctp".split(" ").some((name) => name.startsWith(wanted.protocol));
      return own.first !== undefined && own.first <= wanted.first && wanted.last <= own.last
        && own.protocol.startsWith(wanted.protocol);
    });
  }

  function pairsOf(line, row, column) {
    const from = sourcesIn(line, row);
    const to = new Set(destinationsIn(line, column));
    const same = from.filter((member) => {
      const other = data.sources.same[member];
      return other !== null && other !== undefined && to.has(other);
    });
    return from.length * to.size - same.length;
  }

  // What a cell comes to on the ports asked for.
  function shadesOf(cell, wanted) {
    if (!wanted) return cell.shades;
    const lines = cell.lines.map((line) => data.lines[line]).filter((line) => hasPort(line, wanted));
    if (!isReach) return [...new Set(lines.map((line) => line.shade))];
    const total = cell.pairs.reduce((sum, count) => sum + count, 0);
    if (cell.shades.includes("all") && wanted.word !== "icmp" && wanted.word !== "other") return ["all"];
    const allowed = (asked) => lines.filter((line) => line.shade === "some" && hasPort(line, asked))
      .reduce((sum, line) => sum + pairsOf(line, cell.row, cell.column), 0);
    // Of one port no two lines speak of one pair; of the outside they may, each of its own addresses.
    const isExact = wanted.first !== undefined || wanted.word === "icmp" || wanted.word === "other";
    const ways = wanted.first !== undefined && !wanted.protocol
      ? ["tcp", "udp", "sctp"].map((protocol) => ({ ...wanted, protocol })) : [wanted];
    const most = Math.max(...ways.map(allowed));
    if (isExact && most > 0 && most === total && !lines.some((line) => line.outside)) return ["all"];
    return [most > 0 ? "some" : lines.length > 0 ? "undefined" : "denied"];
  }

  function meets(side, text) {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    return side.places.map(([label, group], place) => {
      if (!asked.length) return true;
      const names = [label, group].concat(byPlace[side === data.sources ? 0 : 1][place].map((m) => side.members[m][0]));
      return asked.every((word) => names.some((name) => name.toLowerCase().includes(word)));
    });
  }

  let chosen = null;
  let shown = { rows: [], columns: [] };

  function draw() {
    const text = filters.port.value.trim();
    const wanted = text ? portsOf(text) : null;
    const verdict = filters.verdict.value;
    const rowMeets = meets(data.sources, filters.source.value);
    const columnMeets = meets(data.destinations, filters.destination.value);
    const shades = new Map();
    const rows = new Set(), columns = new Set();
    let matching = 0;
    for (const [key, cell] of cellAt) {
      if (!rowMeets[cell.row] || !columnMeets[cell.column]) continue;
      const own = shadesOf(cell, wanted);
      const isWanted = (!verdict || own.includes(verdict)) && own.length > 0;
      shades.set(key, { own, isWanted });
      if (isWanted) matching++;
      if (isWanted || (isReach && !verdict)) { rows.add(cell.row); columns.add(cell.column); }
    }
    const inOrder = (set) => [...set].sort((one, other) => one - other);
    shown = { rows: inOrder(rows), columns: inOrder(columns) };
    const isWide = shown.columns.length <= 14 && shown.rows.length <= 60;
    const most = Math.max(shown.rows.length, shown.columns.length);
    const size = isWide ? 24 : most <= 60 ? 20 : most <= 140 ? 15 : 11;
    const table = element("table");
    table.style.setProperty("--size", size + "px");
    const head = element("tr");
    head.append(element("th", "", "source \\ destination"));
    shown.columns.forEach((column, place) => {
      const th = element("th");
      const name = element("div", "", data.destinations.places[column][0]);
      name.title = data.destinations.places[column][0];
      th.dataset.column = column;
      if (place && groupOf(data.destinations, column) !== groupOf(data.destinations, shown.columns[place - 1])) {
        th.classList.add("newcolumn");
      }
      th.append(name);
      head.append(th);
    });
    const thead = element("thead");
    thead.append(head);
    const body = element("tbody");
    shown.rows.forEach((row, place) => {
      const tr = element("tr");
      if (place && groupOf(data.sources, row) !== groupOf(data.sources, shown.rows[place - 1])) tr.className = "newrow";
      const th = element("th", "", data.sources.places[row][0]);
      th.title = data.sources.places[row][0];
      th.dataset.row = row;
      tr.append(th);
      shown.columns.forEach((column, beside) => {
        const td = element("td");
        td.dataset.row = row;
        td.dataset.column = column;
        const found = shades.get(row + "," + column);
        if (isWide) td.classList.add("wide");
        if (beside && groupOf(data.destinations, column) !== groupOf(data.destinations, shown.columns[beside - 1])) {
          td.classList.add("newcolumn");
        }
        if (!found) {
          td.classList.add(isReach ? "blank" : "denied");
        } else {
          paint(td, found.own);
          if (!found.isWanted) td.classList.add("dim");
          const cell = cellAt.get(row + "," + column);
          td.title = data.sources.places[row][0] + " \u2192 " + data.destinations.places[column][0] + ": "
            + (found.own.join(", ") || "nothing");
          if (isWide && !wanted) td.textContent = short(cell);
        }
        tr.append(td);
      });
      body.append(tr);
    });
    table.append(thead, body);
    at("matrix").replaceChildren(table);
    at("count").textContent = shown.rows.length + " of " + data.sources.places.length + " sources, "
      + shown.columns.length + " of " + data.destinations.places.length + " destinations, " + matching + " cells";
    mark();
  }

  const groupOf = (side, place) => side.places[place][1];

  function paint(td, shades) {
    if (shades.length === 1) { td.classList.add(shades[0]); return; }
    if (!shades.length) { td.classList.add("denied"); return; }
    const part = 100 / shades.length;
    const stops = shades.map((shade, place) => "var(--" + shade + ") " + place * part + "% " + (place + 1) * part + "%");
    td.style.background = "linear-gradient(90deg," + stops.join(",") + ")";
  }

  // "5 of 6"; of many a percentage, which is neither none nor all.
  const part = (count, total) => total < 1000 ? count + " of " + total
    : Math.min(99, Math.max(1, Math.round(100 * count / total))) + " %";

  // What there is room for in a cell.
  function short(cell) {
    const lines = cell.lines.map((line) => data.lines[line]);
    const withPorts = (shade) => [...new Set(lines.filter((line) => line.shade === shade)
      .map((line) => line.ports.filter((port) => port !== "icmp" && port !== "other").join(", ")).filter(Boolean))];
    const one = (all) => all.length === 1 && all[0].length <= 10 ? all[0] : all.length ? all.length + " kinds" : "";
    if (cell.shades.length !== 1) return "";
    if (!isReach) return one(withPorts(cell.shades[0]));
    const [all, some, open, denied] = cell.pairs;
    if (cell.shades[0] === "all") return "all";
    if (cell.shades[0] === "some") {
      return all + open + denied === 0 ? one(withPorts("some")) : part(all + some, all + some + open + denied);
    }
    if (cell.shades[0] === "undefined") {
      return [...new Set(lines.filter((line) => line.shade === "undefined").flatMap((line) => line.rows))].join(", ");
    }
    return "";
  }

  function mark() {
    for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
    if (!chosen) return;
    for (const each of at("matrix").querySelectorAll("td,th")) {
      const isRow = each.dataset.row === String(chosen.row), isColumn = each.dataset.column === String(chosen.column);
      if (each.tagName === "TD" ? isRow && isColumn : isRow || isColumn) each.classList.add("chosen");
    }
  }

  function some(names) {
    const first = names.slice(0, LARGEST).join(", ");
    return names.length > LARGEST ? first + " and " + (names.length - LARGEST) + " more" : first;
  }

  // A flow of this line between members of this cell, for `netpol decide`.
  function flowOf(line, row, column) {
    const end = (side, member) => side.members[member][0] === "outside" && line.outside ? line.outside[1]
      : side.members[member][0];
    for (const from of sourcesIn(line, row)) {
      for (const to of destinationsIn(line, column)) {
        if (data.sources.same[from] === to && data.sources.same[from] !== null) continue;
        const port = line.ports[0];
        const own = portsOf(port);
        const tail = own.word === "all" ? ":1/tcp" : own.word === "icmp" ? " icmp" : own.word === "other" ? " 47"
          : ":" + own.first + "/" + own.protocol;
        return end(data.sources, from) + " -> " + end(data.destinations, to) + tail;
      }
    }
    return null;
  }

  function chip(shade, text) {
    const made = element("span", "chip");
    made.append(element("i", shade), text);
    return made;
  }

  function pairs(list, term, value) {
    const dd = element("dd");
    dd.append(value);
    list.append(element("dt", "", term), dd);
  }

  function explain() {
    const panel = at("cell");
    panel.replaceChildren();
    if (!chosen) {
      panel.append(element("h2", "", "Choose a cell"));
      panel.append(element("p", "", "Click one, or move with the arrow keys: its ports, the rows that it hangs on, and a flow "
        + "to ask `netpol decide` about."));
      return;
    }
    const { row, column } = chosen;
    const cell = cellAt.get(row + "," + column);
    panel.append(element("h2", "", data.sources.places[row][0] + " \u2192 " + data.destinations.places[column][0]));
    if (!cell) {
      panel.append(element("p", "", isReach ? "No pair: a pod and itself are never meant." : "Nothing differs here."));
      return;
    }
    const head = element("p");
    cell.shades.forEach((shade, place) => head.append(place ? ", " : "", chip(shade, words.get(shade) || shade)));
    panel.append(head);
    if (cell.pairs) {
      const [all, some, open, denied] = cell.pairs;
      const total = all + some + open + denied;
      panel.append(element("p", "", total + (total === 1 ? " pair: " : " pairs: ") + all + " allowed on all ports, " + some
        + " on some, " + open + " undefined, " + denied + " denied (TCP, UDP and SCTP)"));
    }
    if (!cell.lines.length) panel.append(element("p", "", "Nothing gets through: everything is denied."));
    const isPortless = (line) => line.ports.every((port) => port === "icmp" || port === "other");
    const order = (line) => (isPortless(line) ? 2 : 0) + (line.shade === "undefined" ? 1 : 0);
    const lines = cell.lines.map((number) => data.lines[number]).sort((one, other) => order(one) - order(other));
    lines.slice(0, 200).forEach((line) => panel.append(entry(line, row, column)));
    if (cell.lines.length > 200) panel.append(element("p", "", "and " + (cell.lines.length - 200) + " more"));
  }

  function entry(line, row, column) {
    const made = element("div", "entry");
    const head = element("div");
    const shade = line.shade === "some" ? "all" : line.shade;
    head.append(chip(shade, line.words), " ", element("span", "ports", line.ports.join(", ")));
    const list = element("dl");
    const names = (side, members) => some(members.map((member) => side.members[member][0]));
    const from = sourcesIn(line, row), to = destinationsIn(line, column);
    pairs(list, "from", names(data.sources, from));
    pairs(list, "to", names(data.destinations, to));
    if (line.outside) pairs(list, "outside", line.outside[0]);
    for (const id of line.rows) pairs(list, id, data.rows[id] || "");
    const flow = flowOf(line, row, column);
    if (flow) {
      const value = element("span");
      value.append(element("code", "", flow));
      const copy = element("button", "copy", "copy");
      copy.type = "button";
      copy.addEventListener("click", () => {
        const done = () => { copy.textContent = "copied"; };
        if (navigator.clipboard) navigator.clipboard.writeText(flow).then(done, () => select(value.firstChild));
        else select(value.firstChild);
      });
      value.append(copy);
      pairs(list, "flow", value);
    }
    made.append(head, list);
    if (line.why && line.why.length) {
      const details = element("details");
      details.append(element("summary", "", "why, of one of them"));
      line.why.forEach((text) => details.append(element("pre", "", text.trimEnd())));
      details.open = true;
      made.append(details);
    }
    return made;
  }

  function select(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  function choose(row, column) {
    chosen = { row, column };
    mark();
    explain();
  }

  at("matrix").addEventListener("click", (event) => {
    const td = event.target.closest("td");
    if (td && td.dataset.row !== undefined) choose(+td.dataset.row, +td.dataset.column);
  });
  at("matrix").addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || !shown.rows.length || !shown.columns.length) return;
    event.preventDefault();
    const clamp = (value, length) => Math.max(0, Math.min(length - 1, value));
    const row = chosen ? shown.rows.indexOf(chosen.row) + step[0] : 0;
    const column = chosen ? shown.columns.indexOf(chosen.column) + step[1] : 0;
    choose(shown.rows[clamp(row, shown.rows.length)], shown.columns[clamp(column, shown.columns.length)]);
    const td = at("matrix").querySelector("td.chosen");
    if (td) td.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  for (const [shade, text] of data.legend) {
    const item = element("li");
    item.append(element("i", shade), text);
    at("legend").append(item);
    const option = element("option", "", text);
    option.value = shade;
    filters.verdict.append(option);
  }
  let waiting = 0;
  at("filters").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 80);
  });
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filters").addEventListener("reset", () => setTimeout(draw, 0));
  at("swap").addEventListener("click", () => {
    [filters.source.value, filters.destination.value] = [filters.destination.value, filters.source.value];
    draw();
  });
  draw();
  explain();
})();
