//! `--output dot|svg|html` of `reach` and `diff`: held against what JSON says of the same manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Folder, netpol};

const SCENES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenes");

/// A change to them: something opens, something closes.
const CHANGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/change.yaml");

fn reach(more: &[&str]) -> String {
    let all: Vec<&str> = ["reach", "--manifests", SCENES].iter().chain(more).copied().collect();
    crate::support::ended(crate::support::command(all)).with_code(0).out
}

fn diff(more: &[&str]) -> String {
    let all: Vec<&str> = ["diff", "--before", SCENES, "--after", SCENES, CHANGE].iter().chain(more).copied().collect();
    crate::support::ended(crate::support::command(all)).with_code(1).out
}

/// The ends of a line by pod, one by one; addresses together.
fn ends(end: &Value) -> Vec<String> {
    match end {
        Value::Object(map) if map.contains_key("pods") => {
            map["pods"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        }
        Value::Object(map) if map.contains_key("node") => vec![format!("node:{}", map["node"].as_str().unwrap())],
        Value::Object(map) if map.contains_key("addresses") => vec!["outside".to_owned()],
        other => panic!("{other}"),
    }
}

/// What is said of each pair: ports, and the verdict or the change.
type Told = BTreeMap<(String, String), BTreeSet<(String, String)>>;

fn told(json: &str, words: impl Fn(&Value) -> String) -> Told {
    let mut told = Told::new();
    for line in json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let ports: Vec<&str> = line["ports"].as_array().unwrap().iter().map(|port| port.as_str().unwrap()).collect();
        for (from, to) in ends(&line["source"])
            .iter()
            .flat_map(|from| ends(&line["destination"]).into_iter().map(move |to| (from.clone(), to)))
        {
            // A pod and itself are not meant, nodes are.
            if from != to || from.starts_with("node:") {
                told.entry((from, to)).or_default().insert((ports.join(", "), words(&line)));
            }
        }
    }
    told
}

fn verdict(line: &Value) -> String {
    line["verdict"].as_str().unwrap().to_owned()
}

fn change(line: &Value) -> String {
    match (line["before"].as_str().unwrap(), line["after"].as_str().unwrap()) {
        ("deny", "allow") => "opens".to_owned(),
        ("allow", "deny") => "closes".to_owned(),
        (before, after) => format!("{before} to {after}"),
    }
}

/// What a page has in it for its script.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn told_by_page(data: &Value) -> Told {
    let names = |side: &str, set: &Value| -> Vec<String> {
        let members = data["sets"][set.as_u64().unwrap() as usize].as_array().unwrap().iter();
        members.map(|at| data[side]["members"][at.as_u64().unwrap() as usize][0].as_str().unwrap().to_owned()).collect()
    };
    let mut told = Told::new();
    for line in data["lines"].as_array().unwrap() {
        let ports: Vec<&str> = line["ports"].as_array().unwrap().iter().map(|port| port.as_str().unwrap()).collect();
        for from in names("sources", &line["from"]) {
            for to in names("destinations", &line["to"]) {
                if from != to || from.starts_with("node:") {
                    let said = (ports.join(", "), line["words"].as_str().unwrap().to_owned());
                    told.entry((from.clone(), to)).or_default().insert(said);
                }
            }
        }
    }
    told
}

#[test]
fn pages_say_what_json_says() {
    let said = told(&reach(&["--by", "pod", "--output", "json"]), verdict);
    assert!(said.len() > 100, "{}", said.len());
    for by in ["pod", "workload", "namespace"] {
        assert_eq!(told_by_page(&data(&reach(&["--by", by, "--output", "html"]))), said, "{by}");
    }
    let said = told(&diff(&["--by", "pod", "--output", "json"]), change);
    assert!(said.len() > 5, "{said:?}");
    let page = data(&diff(&["--by", "namespace", "--output", "html"]));
    assert_eq!(told_by_page(&page), said);
    let explained = &page["lines"][0]["why"];
    assert!(explained[0].as_str().unwrap().starts_with("before: "), "{explained}");
    assert!(explained[1].as_str().unwrap().starts_with("after: "), "{explained}");
}

/// Of each pair of pods: all ports, some, undefined, denied. Of the outside JSON says which addresses, so it is left out.
fn shares(said: &Told, pods: &BTreeSet<String>) -> BTreeMap<(String, String), &'static str> {
    let pairs = pods.iter().flat_map(|from| pods.iter().map(move |to| (from.clone(), to.clone())));
    let share = |pair: &(String, String)| {
        let lines = || said.get(pair).into_iter().flatten().filter(|(ports, _)| ports != "icmp, other");
        match () {
            () if lines().any(|(ports, verdict)| ports.starts_with("all") && verdict == "allow") => "all",
            () if lines().any(|(_, verdict)| verdict == "allow") => "some",
            () if lines().next().is_some() => "undefined",
            () => "denied",
        }
    };
    pairs.filter(|(from, to)| from != to).map(|pair| (pair.clone(), share(&pair))).collect()
}

#[test]
fn cells_are_shaded_by_what_pairs_come_to() {
    let said = told(&reach(&["--by", "pod", "--output", "json"]), verdict);
    let everybody = said.keys().flat_map(|(from, to)| [from, to]);
    let pods: BTreeSet<String> =
        everybody.filter(|name| !name.starts_with("node:") && *name != "outside").cloned().collect();
    let shares = shares(&said, &pods);
    for by in ["namespace", "pod"] {
        let place = |name: &str| if by == "pod" { name.to_owned() } else { name.split_once('/').unwrap().0.to_owned() };
        let mut expected: BTreeMap<(String, String), BTreeMap<&str, u64>> = BTreeMap::new();
        for ((from, to), share) in &shares {
            *expected.entry((place(from), place(to))).or_default().entry(share).or_default() += 1;
        }
        let page = data(&reach(&["--by", by, "--output", "html"]));
        let svg = reach(&["--by", by, "--output", "svg"]);
        let label = |side: &str, at: &Value| {
            page[side]["places"][at.as_u64().unwrap() as usize][0].as_str().unwrap().to_owned()
        };
        let mut compared = 0;
        for cell in page["cells"].as_array().unwrap() {
            let pair = (label("sources", &cell["row"]), label("destinations", &cell["column"]));
            let Some(counts) = expected.get(&pair) else { continue };
            let of = |share: &str| counts.get(share).copied().unwrap_or(0);
            let counts = ["all", "some", "undefined", "denied"].map(of);
            assert_eq!(serde_json::json!(counts), cell["pairs"], "{pair:?}");
            let shade = match counts {
                [_, 0, 0, 0] => "all",
                [0, 0, 0, _] => "denied",
                [0, 0, ..] => "undefined",
                _ => "some",
            };
            assert_eq!(cell["shades"], serde_json::json!([shade]), "{pair:?}");
            let class = if shade == "denied" { "none" } else { shade };
            let drawn =
                svg.lines().find(|line| line.contains(&format!("<title>{} \u{2192} {}: ", pair.0, pair.1))).unwrap();
            assert!(drawn.starts_with(&format!("<path class=\"{class}\" ")), "{pair:?}: {drawn}");
            compared += 1;
        }
        // A pod and itself are no pair, nor is a namespace of one pod.
        let places = expected.keys().map(|(from, _)| from).collect::<BTreeSet<_>>().len();
        assert_eq!(compared, if by == "pod" { places * (places - 1) } else { 7 * 7 - 1 });
    }
}

/// An edge: from, to, what it says, its colour.
type Edges = BTreeSet<(String, String, String, String)>;

/// Nodes with their labels, and edges, of Graphviz as it is written here: a statement a line. Edges that meet in a point are one
/// from each of its sources to each of its destinations; and how many statements of edges there are.
fn graph(text: &str) -> (BTreeMap<String, Vec<String>>, Edges, usize) {
    assert!(text.starts_with("digraph netpol {\n") && text.ends_with("}\n"), "{text}");
    let (mut nodes, mut points, mut edges) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let statement = |line: &&str| ["  s", "  d", "  p"].iter().any(|start| line.starts_with(start));
    for line in text.lines().filter(statement) {
        let (id, attributes) = line.trim().split_once(" [").unwrap();
        let attributes = attributes.strip_suffix("];").unwrap();
        let label = attributes.strip_prefix("label=\"").map(|rest| rest.split_once('"').unwrap().0);
        let color = attributes.split_once("color=").map_or(String::new(), |(_, color)| color.to_owned());
        match (id.split_once(" -> "), id.starts_with('p')) {
            (Some((from, to)), _) => {
                edges.push((from.to_owned(), to.to_owned(), label.unwrap_or("").to_owned(), color))
            }
            (None, true) => assert!(points.insert(id.to_owned(), label.unwrap().to_owned()).is_none(), "{id} twice"),
            (None, false) => {
                let names = label.unwrap().split("\\n").map(str::to_owned).collect();
                assert!(nodes.insert(id.to_owned(), names).is_none(), "{id} twice");
            }
        }
    }
    let mut all = Edges::new();
    for (from, to, label, color) in &edges {
        if let Some(said) = points.get(to) {
            for (_, to, ..) in edges.iter().filter(|(point, ..)| point == to) {
                assert!(all.insert((from.clone(), to.clone(), said.clone(), color.clone())), "twice: {from} -> {to}");
            }
        } else if !points.contains_key(from) {
            assert!(all.insert((from.clone(), to.clone(), label.clone(), color.clone())), "twice: {from} -> {to}");
        }
    }
    (nodes, all, edges.len())
}

#[test]
fn graphs_say_what_json_says_in_one_edge_a_pair_of_groups() {
    let both: [(String, Told); 2] = [
        (reach(&["--by", "pod", "--output", "dot"]), told(&reach(&["--by", "pod", "--output", "json"]), verdict)),
        (diff(&["--by", "pod", "--output", "dot"]), told(&diff(&["--by", "pod", "--output", "json"]), change)),
    ];
    for (text, said) in both {
        let (nodes, edges, statements) = graph(&text);
        let pairs: usize = said.values().map(BTreeSet::len).sum();
        assert!(statements * 3 < pairs, "{statements} edges for {pairs} lines of pairs");
        let mut ports: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let is_dashed = |color: &str| color.starts_with("\"#b98900\"");
        for (from, to, label, color) in &edges {
            assert!(seen.insert((from, to, color)), "two edges of one kind: {from} -> {to}");
            for (from, to) in nodes[from].iter().flat_map(|from| nodes[to].iter().map(move |to| (from, to))) {
                let outside =
                    |name: &str| if name.starts_with("outside") { "outside".to_owned() } else { name.to_owned() };
                let (from, to) = (outside(from), outside(to));
                // A pod and itself, and the outside, are not meant, however their groups are joined.
                if from == to && !from.starts_with("node:") {
                    continue;
                }
                for line in label.split("\\n") {
                    let line = line.split_once(": ").map_or(line, |(_, ports)| ports);
                    let line = line.split_once(" (").map_or(line, |(ports, _)| ports).to_owned();
                    ports.entry((from.clone(), to.clone())).or_default().insert(format!("{} {line}", is_dashed(color)));
                }
            }
        }
        let expected: BTreeMap<_, BTreeSet<String>> = said
            .into_iter()
            .map(|(pair, lines)| {
                let is_open = |words: &str| !["allow", "opens", "closes"].contains(&words);
                (pair, lines.into_iter().map(|(ports, words)| format!("{} {ports}", is_open(&words))).collect())
            })
            .collect();
        assert_eq!(ports, expected);
        // No two nodes of a side have the same edges: they would be one.
        let of = |node: &str| -> BTreeSet<(&str, &str, &str)> {
            let own = edges.iter().filter(|(from, to, ..)| from == node || to == node);
            own.map(|(from, to, label, color)| (if from == node { &**to } else { from }, &**label, &**color)).collect()
        };
        let distinct: BTreeSet<_> = nodes.keys().map(|node| (node.starts_with('s'), of(node))).collect();
        assert_eq!(distinct.len(), nodes.len());
    }
}

/// Every picture is the same however often it is asked for, and in whatever order manifests come.
#[test]
fn pictures_do_not_hang_on_the_order_of_manifests() {
    let folder = Folder::new();
    let mut files: Vec<_> = std::fs::read_dir(SCENES).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    let documents = |order: &mut dyn Iterator<Item = &std::path::PathBuf>| {
        order.map(|path| std::fs::read_to_string(path).unwrap()).collect::<Vec<String>>().join("\n---\n")
    };
    let forward = folder.write("forward.yaml", documents(&mut files.iter()));
    let backward = folder.write("backward.yaml", documents(&mut files.iter().rev()));
    for form in ["dot", "svg", "html"] {
        let [one, other, again] = [&forward, &backward, &forward]
            .map(|file| netpol(["reach", "--manifests", file, "--output", form]).with_code(0).out);
        assert!(one == other && one == again, "{form}");
        let [one, other] = [(&forward, &backward), (&backward, &forward)].map(|(before, after)| {
            let profile = "tunnel:v1.31.6-r0";
            let arguments =
                ["diff", "--before", before, "--after", after, "--after-profile", profile, "--output", form];
            netpol(arguments).with_code(1).out
        });
        assert!(one == other && one.len() > 500, "{form}");
    }
}

const HOSTILE: &str =
    "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">'\"\\";

/// Where nothing checks names, or where files are named, markup may stand.
#[test]
fn markup_in_names_stays_text() {
    let folder = Folder::new();
    let node = serde_json::to_string(HOSTILE).unwrap();
    let manifests = format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [
          {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web"}},
            "spec": {{"nodeName": {node}}}, "status": {{"podIP": "10.0.0.7", "hostIP": "192.168.0.1"}}}},
          {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "db", "labels": {{"a": "b"}}}}, "spec": {{}}}},
          {{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "db"}},
            "spec": {{"podSelector": {{"matchLabels": {{"a": "b"}}}}, "ingress": [{{"ports": [{{"port": 80}}]}}]}}}}
        ]}}"#
    );
    let file = folder.write("hostile.json", manifests);
    let name = "<b>&'\"profile.yaml";
    let profile = folder.write(name, "model: kubernetes\n");
    for form in ["svg", "html", "dot"] {
        let run = netpol(["reach", "--manifests", &file, "--profile", &profile, "--output", form]).with_code(0);
        let text = run.out;
        match form {
            "dot" => {
                let (nodes, _) = statements_of(&text);
                assert!(nodes > 2, "{text}");
            }
            "svg" => {
                assert!(text.contains("&lt;/script&gt;&lt;script&gt;") && text.contains("&lt;b&gt;&amp;&#39;&quot;"));
                assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("<b>"), "{text}");
                let document = roxmltree::Document::parse(&text).unwrap();
                let titles = document.descendants().filter_map(|node| node.text());
                assert!(titles.filter(|title| title.contains(HOSTILE)).count() > 2, "{text}");
            }
            _ => {
                assert_eq!(text.matches("<script").count(), 2, "{text}");
                assert_eq!(text.matches("</script>").count(), 2);
                assert!(!text.contains("<img") && !text.contains("<b>"), "{text}");
                let data = data(&text);
                let members = data["destinations"]["members"].as_array().unwrap();
                let node = format!("node:{HOSTILE}");
                assert!(members.iter().any(|member| member[0] == node), "{data}");
            }
        }
    }
}

/// How many statements there are, each of whose quoted texts ends where it should.
fn statements_of(text: &str) -> (usize, usize) {
    let mut counts = (0, 0);
    for line in text.lines().filter(|line| line.ends_with("];") && (line.starts_with("  s") || line.starts_with("  d")))
    {
        let (mut is_quoted, mut is_escaped, mut outside) = (false, false, String::new());
        for character in line.chars() {
            match character {
                '"' if !is_escaped => is_quoted = !is_quoted,
                other if !is_quoted => outside.push(other),
                _ => {}
            }
            is_escaped = is_quoted && character == '\\' && !is_escaped;
        }
        assert!(!is_quoted && !outside.contains(['<', '\'', '\\']), "{line}");
        if outside.contains(" -> ") { counts.1 += 1 } else { counts.0 += 1 }
    }
    counts
}

#[test]
fn svg_is_well_formed_and_of_a_sane_size() {
    for by in ["pod", "workload", "namespace"] {
        let text = reach(&["--by", by, "--output", "svg"]);
        let document = roxmltree::Document::parse(&text).unwrap();
        let size = |name: &str| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
        assert!((200.0..2500.0).contains(&size("width")) && (200.0..2500.0).contains(&size("height")), "{by}");
        assert!(text.contains("prefers-color-scheme:dark"));
    }
    // A picture of nothing is one too.
    let folder = Folder::new();
    let file = folder.write("one.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n");
    for form in ["svg", "html", "dot"] {
        let nothing = netpol(["diff", "--before", &file, "--after", &file, "--output", form]).with_code(0).out;
        assert!(!nothing.is_empty());
        if form == "svg" {
            roxmltree::Document::parse(&nothing).unwrap();
        }
    }
}

/// The page loads nothing: no address stands in it but the name of a language, and a policy forbids what may come.
#[test]
fn pages_stand_alone() {
    let page = reach(&["--output", "html"]);
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"));
    for word in
        ["http:", "https:", "src=", "href=", "url(", "import(", "fetch(", "innerHTML", "insertAdjacentHTML", "eval("]
    {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn counts_the_unprotected_and_exposure_have_four_forms() {
    let counts = |form: &str| reach(&["--counts", "--output", form]);
    let lines = counts("json");
    let line: Value = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|line: &Value| line["source"]["namespace"] == "fig1" && line["destination"]["namespace"] == "fig1")
        .unwrap();
    assert_eq!(
        line,
        serde_json::json!({"source": {"namespace": "fig1"}, "destination": {"namespace": "fig1"},
                           "all": 4, "some": 1, "undefined": 0, "denied": 1})
    );
    let count = lines.lines().count();
    assert_eq!([counts("text"), counts("csv")].map(|text| text.lines().count()), [count + 1; 2]);
    assert_eq!(counts("md").lines().count(), count + 2);
    assert!(counts("text").starts_with("SOURCE "));
    let only = reach(&["--counts", "--from", "fig1/frontend", "--to", "fig1/db", "--output", "csv"]);
    assert_eq!(only, "source,destination,all,some,undefined,denied\nnamespace:fig1,namespace:fig1,0,1,0,0\n");

    let unprotected = |form: &str| reach(&["--unprotected", "--output", form]);
    assert_eq!(
        unprotected("csv"),
        "ends,ingress,egress,rows\n\
         \"fig1/db, fig2/db, fig3/db\",isolated,free,\n\
         \"fig1/frontend, fig1/web, fig2/frontend and 7 more\",free,free,\n\
         fig4/db,free,isolated,\n"
    );
    assert_eq!(unprotected("json").lines().count(), 3);
    assert!(unprotected("md").starts_with("| ends | ingress | egress | rows |\n|---|---|---|---|\n"));
    assert!(unprotected("text").starts_with("ENDS "));
    let exposure = |form: &str| reach(&["--exposure", "--output", form]);
    let lines = exposure("json");
    let of_newcomers: Vec<&str> = lines.lines().filter(|line| line.contains(r#""newcomers":{"name"#)).collect();
    assert_eq!(of_newcomers.len(), 5);
    assert_eq!(
        of_newcomers[1],
        r#"{"source":{"newcomers":{"namespaces":"project=myproject"}},"destination":{"pods":["fig2/db"]},"ports":["6379/tcp"],"verdict":"allow","rows":[]}"#
    );
    let count = lines.lines().count();
    assert_eq!([exposure("text"), exposure("csv")].map(|text| text.lines().count()), [count + 1; 2]);
    assert!(exposure("csv").contains("\npods role=frontend in namespace fig1,fig1/db,6379/tcp,allow,\n"));
    assert!(exposure("md").contains("\n| any pod in namespaces project=myproject | fig2/db | 6379/tcp | allow |  |\n"));
    let by_namespace = reach(&["--exposure", "--by", "namespace", "--output", "csv"]);
    assert!(by_namespace.contains("\nany pod,namespace:other,\"all, icmp, other\",allow,\n"), "{by_namespace}");
    for (flag, form) in [("--counts", "svg"), ("--unprotected", "html"), ("--exposure", "dot")] {
        netpol(["reach", "--manifests", SCENES, flag, "--output", form]).refused("have no picture");
    }
    netpol(["reach", "--manifests", SCENES, "--unprotected", "--counts"]).refused("cannot be used with");
    netpol(["reach", "--manifests", SCENES, "--exposure", "--to", "fig1/db"]).refused("cannot be used with");
}
