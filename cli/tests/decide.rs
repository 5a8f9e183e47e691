//! `netpol decide`, and `netpol` alone.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::{Value, json};

use crate::support::{Folder, SHOP, command, ended, netpol, netpol_reading};

const OPEN: &str = "default/web -> default/db:6379/tcp";
const SHUT: &str = "default/web -> default/db:6380/tcp";

#[test]
fn alone_it_answers_the_shipped_scenes() {
    let run = netpol([]).with_code(0);
    let flows = include_str!("../scenes/flows.txt");
    let flows: Vec<&str> = flows.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let rows: Vec<&str> = run.out.lines().collect();
    assert_eq!(rows.len(), flows.len(), "no notes");
    let mut verdicts = String::new();
    for (row, flow) in rows.iter().zip(flows) {
        let rest = row.strip_prefix(flow).unwrap_or_else(|| panic!("{row} is not about {flow}"));
        verdicts.extend(rest.trim_start().chars().next());
    }
    // Figures 1 to 5, in the order of the file: allow, deny, undefined.
    assert_eq!(verdicts, ["addddad", "ad", "add", "adddu", "aada"].concat());
    assert!(run.err.contains("netpol help"), "{}", run.err);

    let same = netpol(["decide"]).with_code(0);
    assert_eq!((same.out, same.err), (run.out, String::new()));
}

#[test]
fn the_scenes_on_another_cluster() {
    let run = netpol(["decide", "--profile", "vpc:v1.31.4-r0", "--output", "json"]).with_code(0);
    let rows: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let web = rows.iter().find(|row| row["flow"] == "fig1/web -> fig1/db:6379/tcp").unwrap();
    assert_eq!((&web["verdict"], &web["rows"]), (&json!("allow"), &json!(["C2"])));
}

#[test]
fn text_says_why() {
    let folder = Folder::new();
    let manifests = folder.write("shop.yaml", SHOP);
    let run = netpol(["decide", "--manifests", &manifests, "--flow", OPEN, SHUT]).with_code(0);
    assert_eq!(
        run.out,
        "default/web -> default/db:6379/tcp: allow\n\
         \x20 egress: allow: no policy isolates the source for egress (K1)\n\
         \x20 ingress: allow: admitted by `default/db ingress[0]`\n\
         \x20   default/db ingress[0]: from anywhere on 6379/TCP\n\
         \x20 note: namespace `default` was not loaded: selectors know its name alone\n\
         default/web -> default/db:6380/tcp: deny\n\
         \x20 egress: allow: no policy isolates the source for egress (K1)\n\
         \x20 ingress: deny: isolated by `default/db`; no rule admits the flow\n\
         \x20   default/db ingress[0]: the peer matches, the port does not: it admits 6379/TCP\n\
         \x20 note: namespace `default` was not loaded: selectors know its name alone\n"
    );
    assert_eq!(run.err, "");
}

/// What an answer hangs on and was not given is said beside it in every form, in a table once (K28).
#[test]
fn notes_stand_beside_answers() {
    let folder = Folder::new();
    let manifests = folder.write("bare.yaml", SHOP.rsplit_once("---").unwrap().0);
    let run = |form| {
        let run = netpol(["decide", "--manifests", &manifests, "--flow", OPEN, SHUT, "--output", form]);
        run.with_code(0).out
    };
    let text = run("text");
    assert_eq!(text.matches("\n  note: no NetworkPolicy was loaded\n").count(), 2, "{text}");
    let table = run("table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].ends_with("not-isolated [1] [2]") && lines[1].ends_with("not-isolated [1] [2]"), "{table}");
    assert_eq!(lines[2], "[1] namespace `default` was not loaded: selectors know its name alone");
    assert_eq!(lines[3], "[2] no NetworkPolicy was loaded");
    for line in run("json").lines() {
        let notes = &serde_json::from_str::<Value>(line).unwrap()["notes"];
        let unknown = "namespace `default` was not loaded: selectors know its name alone";
        let expected = json!([
            {"code": "namespace-not-loaded", "message": unknown, "object": "default"},
            {"code": "no-policies", "message": "no NetworkPolicy was loaded", "object": "NetworkPolicy"},
        ]);
        assert_eq!(notes, &expected);
    }
}

/// A policy that the server would reject, or of which it would drop a field, is said beside the answers; strictly it is worth
/// an exit code.
#[test]
fn strict_takes_no_policy_in_part() {
    let folder = Folder::new();
    let good = folder.write("good.yaml", SHOP);
    let rejected = folder.write("rejected.yaml", SHOP.replace("port: 6379", "port: 70000"));
    let unknown = folder.write("unknown.yaml", SHOP.replace("  podSelector:", "  policytypes: []\n  podSelector:"));
    let run = netpol(["decide", "--manifests", &rejected, "--flow", SHUT]).with_code(0);
    assert!(run.out.contains("  note: 1 policy of `default` was rejected and takes no part\n"), "{}", run.out);
    netpol(["decide", "--manifests", &good, "--flow", SHUT, "--strict"]).with_code(0);
    netpol(["decide", "--manifests", &rejected, "--flow", SHUT, "--strict"]).with_code(1);
    let missing = folder.file("missing");
    netpol(["decide", "--manifests", &good, &missing, "--flow", SHUT, "--strict"]).with_code(1);

    let lenient = netpol(["decide", "--manifests", &unknown, "--flow", SHUT]).with_code(0);
    assert!(lenient.err.contains("warning[NP110]"), "{}", lenient.err);
    let strict = netpol(["decide", "--manifests", &unknown, "--flow", SHUT, "--strict"]).with_code(1);
    assert!(strict.err.contains("error[NP110]"), "{}", strict.err);
    assert_eq!(strict.out, lenient.out);
}

#[test]
fn both_engines_print_the_same() {
    for form in ["text", "table", "json"] {
        let run = |engine| netpol(["decide", "--engine", engine, "--output", form]).with_code(0).out;
        let compiled = run("compiled");
        assert!(compiled.lines().count() >= 20);
        assert_eq!(compiled, run("reference"));
    }
}

#[test]
fn what_cannot_be_answered_is_said_and_the_rest_is_answered() {
    let folder = Folder::new();
    let manifests = folder.write("shop.yaml", SHOP);
    let flows = format!("# flows\n\n{OPEN}\nno flow at all\n  default/nobody -> default/db:1/tcp\n{SHUT}\n");
    let file = folder.write("flows.txt", &flows);
    let run = netpol(["decide", "--manifests", &manifests, "--flows", &file, "--output", "json"]).with_code(1);
    let lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&Value> = lines.iter().map(|line| &line["verdict"]).collect();
    assert_eq!(verdicts, [&json!("allow"), &Value::Null, &Value::Null, &json!("deny")]);
    assert!(lines[2]["error"].as_str().unwrap().contains("default/nobody"), "{}", lines[2]);

    let from_input = netpol_reading(["decide", "--manifests", &manifests, "--flows", "-", "--output", "json"], &flows);
    assert_eq!(from_input.with_code(1).out, run.out);
    let table = netpol(["decide", "--manifests", &manifests, "--flows", &file, "--output", "table"]).with_code(1);
    assert_eq!(table.out.lines().filter(|line| line.contains("  error  ")).count(), 2, "{}", table.out);
}

#[test]
fn folders_are_walked_and_what_does_not_load_is_said() {
    let folder = Folder::new();
    let documents: Vec<&str> = SHOP.split("---").collect();
    folder.write("k8s/b.yaml", documents[0]);
    folder.write("k8s/deep/er/a.yml", documents[1]);
    folder.write("k8s/notes.txt", "no manifest: {");
    folder.write("k8s/secret.json", r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}"#);
    let bad = folder.write("k8s/z.yaml", "kind: [");
    let missing = folder.file("missing");
    let run = netpol(["decide", "--manifests", &folder.file("k8s"), &missing, "--flow", SHUT]).with_code(0);
    assert!(run.out.starts_with("default/web -> default/db:6380/tcp: allow\n"), "{}", run.out);
    let said: Vec<&str> = run.err.lines().collect();
    assert_eq!(said.len(), 3, "{}", run.err);
    assert!(said[0].starts_with(&format!("error: {missing}: ")), "{}", said[0]);
    assert!(said[1].starts_with(&bad) && said[1].contains(": error["), "{}", said[1]);
    assert_eq!(said[2], "note: skipped 1 Secret");
}

#[test]
fn wrong_arguments() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    netpol(["decide", "--manifests", &shop]).refused("--flow");
    netpol(["decide", "--flow", OPEN]).refused("--manifests");
    netpol(["decide", "--flows", "-"]).refused("--manifests");
    netpol(["decide", "--manifests", &shop, "--flow", OPEN, "--flows", "-"]).refused("cannot be used with");
    netpol(["decide", "--profile", "antrea:1"]).refused("error: --profile: `antrea` is not a network model");
    netpol(["decide", "--manifests", &shop, "--flows", &folder.file("none")]).refused("none: No such file");
    let profile = folder.write("profile.yaml", "model: vpc\nversion: v1.31.6-r0\nswich: true\n");
    netpol(["decide", "--profile", &profile]).refused("swich");
    netpol(["descide"]).refused("decide");
}

#[test]
fn a_profile_file() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let profile = folder.write("profile.yaml", "model: vpc\nversion: v1.31.6-r0\nswitch: false\n");
    let run = netpol(["decide", "--manifests", &shop, "--flow", SHUT, "--profile", &profile]).with_code(0);
    assert!(run.out.starts_with("default/web -> default/db:6380/tcp: allow (C1)\n"), "{}", run.out);
}

/// What opens least comes first, as a manifest that can be applied, with what it changes: the rule that lacks the port admits
/// everybody, so another rule is better.
#[test]
fn a_repair_is_a_manifest_and_what_it_changes() {
    let folder = Folder::new();
    let manifests = folder.write("shop.yaml", SHOP);
    let run = netpol(["decide", "--manifests", &manifests, "--flow", SHUT, "--repair"]).with_code(0);
    let (answer, repairs) = run.out.split_once("  to allow, 1 of ").unwrap_or_else(|| panic!("{}", run.out));
    assert!(answer.starts_with("default/web -> default/db:6380/tcp: deny\n"), "{answer}");
    let (_, first) = repairs.split_once(": ").unwrap();
    let expected =
        "a rule more at `spec.ingress[1]` of `default/db`\n    deny to allow: default/web -> default/db on 6380/tcp\n";
    assert!(first.starts_with(expected), "{first}");
    let (_, manifest) = first.split_once("---\n").unwrap();
    let manifest = manifest.split("  to allow").next().unwrap();
    // Applied: the flow passes, and nothing is left to repair.
    let after = folder.write("after.yaml", format!("{SHOP}---\n{manifest}"));
    let run = netpol(["decide", "--manifests", &after, "--flow", SHUT, "--repair=allow"]).with_code(0);
    assert!(run.out.starts_with("default/web -> default/db:6380/tcp: allow\n"), "{}", run.out);
    assert!(!run.out.contains("to allow"), "{}", run.out);
}

#[test]
fn repairs_as_json() {
    let folder = Folder::new();
    let manifests = folder.write("shop.yaml", SHOP);
    let json_of = |flow: &str, repair: &str| -> Value {
        let run =
            netpol(["decide", "--manifests", &manifests, "--flow", flow, repair, "--output", "json"]).with_code(0);
        serde_json::from_str(&run.out).unwrap()
    };
    let shut = &json_of(SHUT, "--repair")["repair"];
    assert_eq!(shut["wanted"], json!("allow"));
    let first = &shut["repairs"][0];
    assert_eq!(first["edits"], json!([{"policy": "default/db", "action": "add-rule", "path": "spec.ingress[1]"}]));
    let rule = &first["policies"][0]["spec"]["ingress"][1];
    assert_eq!(*rule, json!({"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 6380}]}));
    let actions = |repair: &Value| repair["edits"][0]["action"].clone();
    let all: Vec<Value> = shut["repairs"].as_array().unwrap().iter().map(actions).collect();
    assert!(all.contains(&json!("add-port")) && all.contains(&json!("new-policy")), "{all:?}");
    assert!(
        first["changes"].as_array().unwrap().iter().all(|change| change["ports"] == json!(["6380/tcp"])),
        "{first}"
    );
    let open = &json_of(OPEN, "--repair=deny")["repair"];
    assert_eq!((&open["wanted"], &open["irreparable"]), (&json!("deny"), &Value::Null));
    assert!(!open["repairs"].as_array().unwrap().is_empty());
    assert_eq!(json_of(OPEN, "--repair=allow")["repair"], Value::Null, "it is allowed");
    let itself = &json_of("default/db -> default/db:1/tcp", "--repair")["repair"];
    assert!(itself["irreparable"].as_str().unwrap().contains("K19"), "{itself}");
}

#[test]
fn repairs_have_no_table() {
    netpol(["decide", "--repair"]).refused("--repair has no table");
}

/// `netpol decide | head -n 1`, with more to say than a pipe holds.
#[test]
fn a_reader_that_stops_early_is_no_error() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let flows = folder.write("flows.txt", format!("{OPEN}\n{SHUT}\n").repeat(10_000));
    for form in ["text", "table", "json"] {
        let mut child = command(["decide", "--manifests", &shop, "--flows", &flows, "--output", form]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("default/web"), "{line}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn colour_is_for_terminals_and_for_whoever_asks() {
    let escape = '\u{1b}';
    let coloured = |settings: &[(&str, &str)], arguments: &[&str]| {
        let mut command = command(arguments);
        command.envs(settings.iter().copied());
        ended(command)
    };
    let table = ["decide"];
    let plain = coloured(&[], &table);
    assert!(!plain.out.contains(escape));
    let forced = coloured(&[("CLICOLOR_FORCE", "1")], &table);
    assert!(forced.out.contains(&format!("{escape}[32mallow    {escape}[0m")), "{}", forced.out);
    assert!(forced.out.contains(&format!("{escape}[31mdeny     {escape}[0m")), "{}", forced.out);
    let json = coloured(&[("CLICOLOR_FORCE", "1")], &["decide", "--output", "json"]);
    assert!(!json.out.contains(escape));
    let error = coloured(&[("CLICOLOR_FORCE", "1")], &["decide", "--profile", "antrea:1"]);
    assert!(error.err.contains(escape), "{}", error.err);
}

#[test]
fn errors_of_a_file_of_flows_name_the_line() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let flows = folder.write("flows.txt", "# what the shop does\n\ndefault/web -> default/db:6379/tcp\ndefault/web - default/db\n\ndefault/nobody -> default/db:1/tcp\n");
    let run = netpol(["decide", "--manifests", &shop, "--flows", &flows]).with_code(1);
    for expected in ["default/web - default/db: error: line 4: ", "default/nobody -> default/db:1/tcp: error: line 6: "]
    {
        assert!(run.out.contains(expected), "{}", run.out);
    }
}
