//! What is wrong with manifests, in the API server's own words and at the line.
//!
//! ```text
//! cargo run --example review -- --manifests k8s/
//! cargo run --example review -- --manifests k8s/ --kubernetes 1.37 --output json
//! cargo run --example review -- --manifests policy.yaml --as networkpolicies
//! ```
//!
//! Exit code 0: no errors, though maybe warnings; 1: some error; 2: usage.

mod shared;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use netpol_oracle::manifest::api_server::{Intake, judge};
use netpol_oracle::manifest::tree::{Document, Fault, FaultKind, Hint, Tree, read};
use netpol_oracle::{Code, Diagnostic, Loader, Location, Origin, Release, Severity};
use serde::Serialize;

/// Says what is wrong with manifests.
#[derive(Parser)]
struct Arguments {
    /// Files and folders (.yaml, .yml, .json)
    #[arg(long, num_args = 1.., required = true, value_name = "PATH")]
    manifests: Vec<PathBuf>,

    /// The release whose API server judges
    #[arg(long, default_value = "1.34", value_name = "VERSION")]
    kubernetes: Release,

    /// Judge every document, whatever its kind, as if it were posted to this endpoint
    #[arg(long = "as", value_enum, value_name = "ENDPOINT")]
    posted_to: Option<Endpoint>,

    /// How to print the findings
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Endpoint {
    /// `POST /apis/networking.k8s.io/v1/namespaces/NAMESPACE/networkpolicies`
    Networkpolicies,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Output {
    /// A line a finding
    Text,
    /// One JSON object a document or list item, good ones too
    Json,
}

/// One document or list item and what was found in it.
#[derive(Serialize)]
struct Reviewed {
    file: String,
    document: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    kind: String,
    namespace: String,
    name: String,
    accepted: bool,
    accepted_strict: bool,
    #[serde(serialize_with = "findings")]
    diagnostics: Vec<Diagnostic>,
}

/// A diagnostic as the JSON output shows it.
#[derive(Serialize)]
struct Finding<'a> {
    origin: Origin,
    severity: Severity,
    code: Code,
    path: &'a str,
    message: &'a str,
    help: &'a str,
    line: Option<usize>,
}

fn findings<S: serde::Serializer>(diagnostics: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(diagnostics.iter().map(|found| Finding {
        origin: found.origin,
        severity: found.severity,
        code: found.code,
        path: found.path.as_str(),
        message: &found.message,
        help: &found.help,
        line: found.location.as_ref().and_then(|location| location.line),
    }))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut all_read = true;
    let mut files = Vec::new();
    for file in shared::files(&arguments.manifests) {
        match file.and_then(|path| Ok((std::fs::read(&path).map_err(|error| at(&path, &error))?, path))) {
            Ok((bytes, path)) => files.push((path.display().to_string(), bytes)),
            Err(error) => {
                eprintln!("error: {error}");
                all_read = false;
            }
        }
    }
    let reviewed = match arguments.posted_to {
        Some(Endpoint::Networkpolicies) => as_posted(&files, arguments.kubernetes),
        None => as_loaded(&files, arguments.kubernetes),
    };
    // Whoever reads our output may stop early; that is no error of ours.
    drop(print(&reviewed, arguments.output));
    let errors = reviewed.iter().flat_map(|object| &object.diagnostics).any(|found| found.severity == Severity::Error);
    if errors || !all_read { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn at(path: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Every document by itself, other kinds and empty ones too.
fn as_posted(files: &[(String, Vec<u8>)], release: Release) -> Vec<Reviewed> {
    let mut reviewed = Vec::new();
    for (file, bytes) in files {
        let hint = Hint::of_name(file);
        let mut documents = read(bytes, hint);
        if hint == Hint::Json && documents.len() > 1 {
            // A body is one JSON value and nothing after it.
            documents.truncate(1);
            for document in &mut documents {
                let message = "there is something after the JSON value".to_owned();
                document.root = Err(Fault { line: None, message, kind: FaultKind::Syntax });
            }
        }
        for document in documents {
            let judgement = judge(&document, release, Intake::Posted);
            let mut diagnostics = judgement.diagnostics;
            for location in diagnostics.iter_mut().filter_map(|found| found.location.as_mut()) {
                location.source = file.as_str().into();
            }
            let mut object = plain(file, &document);
            if let Some(policy) = &judgement.policy {
                object.namespace = policy.name().namespace().to_string();
                object.name = policy.name().name().to_string();
            }
            object.accepted = judgement.accepted;
            object.accepted_strict = judgement.accepted_strict;
            object.diagnostics = diagnostics;
            reviewed.push(object);
        }
    }
    reviewed
}

/// All files together, as the parts of one cluster.
fn as_loaded(files: &[(String, Vec<u8>)], release: Release) -> Vec<Reviewed> {
    let loader = files.iter().fold(Loader::new(release), |loader, (file, bytes)| loader.text(file, bytes));
    let loaded = loader.finish();
    let order: BTreeMap<&str, usize> = files.iter().enumerate().map(|(i, (file, _))| (file.as_str(), i)).collect();
    let place = |location: &Location| {
        let file = order.get(&*location.source).copied().unwrap_or(usize::MAX);
        (file, location.document, location.item)
    };
    let mut reviewed: BTreeMap<(usize, usize, Option<usize>), Reviewed> = BTreeMap::new();
    for object in loaded.objects {
        let Location { source, document, item, .. } = &object.location;
        let new = Reviewed {
            file: source.to_string(),
            document: *document,
            item: *item,
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
            accepted: object.accepted,
            accepted_strict: object.accepted_strict,
            diagnostics: Vec::new(),
        };
        reviewed.insert(place(&object.location), new);
    }
    for found in loaded.diagnostics {
        let Some(location) = found.location.clone() else { continue };
        let is_error = found.severity == Severity::Error;
        let object = reviewed.entry(place(&location)).or_insert_with(|| Reviewed {
            file: location.source.to_string(),
            document: location.document,
            item: location.item,
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            accepted: !is_error,
            accepted_strict: !is_error,
            diagnostics: Vec::new(),
        });
        object.diagnostics.push(found);
    }
    // Kinds that the loader leaves out are documents too.
    for (i, (file, bytes)) in files.iter().enumerate() {
        for document in read(bytes, Hint::of_name(file)) {
            let is_there = reviewed
                .range((i, document.index, None)..)
                .next()
                .is_some_and(|((file, index, _), _)| *file == i && *index == document.index);
            let is_empty = document.root.as_ref().is_ok_and(Tree::is_null);
            if !is_there && !is_empty {
                reviewed.insert((i, document.index, None), plain(file, &document));
            }
        }
    }
    reviewed.into_values().collect()
}

/// A document as it names itself; accepted until somebody says otherwise.
fn plain(file: &str, document: &Document) -> Reviewed {
    let text = |tree: Option<&Tree>, key: &str| {
        tree.and_then(|tree| tree.get(key)).and_then(Tree::as_str).unwrap_or_default().to_owned()
    };
    let root = document.root.as_ref().ok();
    let metadata = root.and_then(|root| root.get("metadata"));
    Reviewed {
        file: file.to_owned(),
        document: document.index,
        item: None,
        kind: text(root, "kind"),
        namespace: text(metadata, "namespace"),
        name: text(metadata, "name"),
        accepted: true,
        accepted_strict: true,
        diagnostics: Vec::new(),
    }
}

fn print(reviewed: &[Reviewed], output: Output) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for object in reviewed {
        match output {
            Output::Json => {
                serde_json::to_writer(&mut out, object)?;
                writeln!(out)?;
            }
            Output::Text => {
                for found in &object.diagnostics {
                    writeln!(out, "{found}")?;
                }
            }
        }
    }
    if output == Output::Text {
        let count = |severity| {
            let all = reviewed.iter().flat_map(|object| &object.diagnostics);
            all.filter(|found| found.severity == severity).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        writeln!(out, "{} objects, {errors} errors, {warnings} warnings", reviewed.len())?;
    }
    out.flush()
}
