//! Manifests that are packed by gzip, and large ones.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Folder, SHOP, netpol, netpol_reading};

const SHUT: &str = "default/web -> default/db:6380/tcp";
const DENIED: &str = "default/web -> default/db:6380/tcp: deny\n";

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A list of pods above what is at hand from the beginning; its bytes hardly repeat.
fn large() -> String {
    let pod = |at: u64| {
        let noise: Vec<String> = (0..40).map(|n| format!("{:x}", (at * 40 + n + 1).wrapping_pow(7))).collect();
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata: {{name: p{at}, annotations: {{noise: {}}}}}\n  spec: {{}}\n  status: \
             {{phase: Running, podIP: 10.1.{}.{}}}\n",
            noise.join("-"),
            at / 250,
            at % 250 + 1
        )
    };
    let items: String = (0..4_000).map(pod).collect();
    format!("apiVersion: v1\nkind: List\nitems:\n{items}")
}

#[test]
fn files_and_standard_input_are_unpacked_by_how_they_begin() {
    let folder = Folder::new();
    let [first, second, third] = [0, 1, 2].map(|at| SHOP.split("---").nth(at).unwrap());
    folder.write("k8s/a.yaml.gz", packed(first));
    folder.write("k8s/b.YAML", packed(second));
    // Several packed texts one after another are one.
    let (head, tail) = third.split_at(third.len() / 2);
    folder.write("k8s/c.yml.GZ", [packed(head), packed(tail)].concat());
    let namespace = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}"#;
    folder.write("k8s/d.json.gz", packed(namespace));
    folder.write("k8s/e.json.gz", r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}"#);
    folder.write("k8s/f.txt.gz", packed("no manifest"));
    let run = netpol(["review", "--manifests", &folder.file("k8s")]).with_code(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("5 objects, 0 errors, 0 warnings\n", ""));
    let run = netpol(["decide", "--manifests", &folder.file("k8s"), "--flow", SHUT]).with_code(0);
    assert!(run.out.starts_with(DENIED), "{}", run.out);

    let run = netpol_reading(["decide", "--manifests", "-", "--flow", SHUT], packed(SHOP)).with_code(0);
    assert!(run.out.starts_with(DENIED), "{}", run.out);
    netpol_reading(["decide", "--manifests", "-", "--flow", SHUT], packed("\n"))
        .refused("standard input: nothing came");
    let policy = folder.write("policy", packed(third));
    let run = netpol(["review", "--manifests", &policy, "--as", "networkpolicies"]).with_code(0);
    assert_eq!(run.out, "1 object, 0 errors, 0 warnings\n");
}

#[test]
fn what_is_cut_off_or_damaged_is_told_with_its_path() {
    let folder = Folder::new();
    let good = packed(SHOP);
    let cut_off = folder.write("cut.yaml.gz", &good[..good.len() - 9]);
    let said = format!("error: {cut_off}: the gzip data is cut off\n");
    netpol(["decide", "--manifests", &cut_off, "--flow", SHUT]).refused(&said);
    netpol(["vectors", "--manifests", &cut_off]).refused(&said);
    let run = netpol(["review", "--manifests", &cut_off]).with_code(1);
    assert_eq!((run.out.as_str(), run.err), ("0 objects, 0 errors, 0 warnings\n", said));

    let mut damaged = good.clone();
    damaged[good.len() - 6] ^= 1;
    let damaged = folder.write("damaged.yaml", &damaged);
    let said =
        format!("error: {damaged}: the gzip data is damaged: corrupt gzip stream does not have a matching checksum\n");
    netpol(["decide", "--manifests", &damaged, "--flow", SHUT]).refused(&said);
    let unknown = folder.write("unknown.yaml.gz", [0x1F, 0x8B, 9]);
    netpol(["decide", "--manifests", &unknown, "--flow", SHUT])
        .refused(&format!("error: {unknown}: the gzip data is "));
}

/// The rest of a large text fails when much of it was read.
#[test]
fn what_is_cut_off_far_behind_is_told_with_its_path_and_line() {
    let folder = Folder::new();
    let (text, shop) = (large(), folder.write("shop.yaml", SHOP));
    assert!(text.len() > 2 << 20);
    let good = packed(&text);
    let whole = folder.write("whole.yaml.gz", &good);
    let run = netpol(["decide", "--manifests", &whole, "--flow", "default/p3999 -> default/p0:80/tcp"]).with_code(0);
    assert!(run.out.starts_with("default/p3999 -> default/p0:80/tcp: allow\n") && run.err.is_empty(), "{run:?}");

    let cut = folder.write("cut.yaml.gz", &good[..good.len() * 3 / 4]);
    let told = "(document 0): error[NP013]: the text cannot be read to its end: the gzip data is cut off\n";
    for arguments in [
        ["decide", "--manifests", &cut, "--flow", "10.1.0.1 -> 10.1.0.2:80/tcp"].as_slice(),
        ["vectors", "--manifests", &cut].as_slice(),
    ] {
        let run = crate::support::ended(crate::support::command(arguments)).with_code(2);
        assert!(run.out.is_empty() && run.err.contains(&format!("{cut}:")) && run.err.contains(told), "{run:?}");
    }
    // Beside others it is left out, as any file that cannot be read.
    let run = netpol(["decide", "--manifests", &cut, &shop, "--flow", SHUT]).with_code(0);
    assert!(run.out.starts_with(DENIED) && run.err.contains(told), "{run:?}");
    netpol(["decide", "--manifests", &cut, &shop, "--flow", SHUT, "--strict"]).with_code(1);
    let run = netpol(["review", "--manifests", &cut, &shop]).with_code(1);
    assert!(run.out.contains(told) && run.out.ends_with("4 objects, 1 error, 0 warnings\n"), "{}", run.out);
}

/// Hundreds of megabytes of nothing, in a few hundred kilobytes.
#[cfg(target_os = "linux")]
#[test]
fn what_unpacks_to_far_more_takes_no_memory() {
    use std::process::Command;

    let folder = Folder::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(br#"{"kind": "Pod", "metadata": {"name": "a"}}"#).unwrap();
    let blanks = vec![b'\n'; 1 << 20];
    (0..384).for_each(|_| encoder.write_all(&blanks).unwrap());
    let bomb = folder.write("bomb.json.gz", encoder.finish().unwrap());
    // No more than so many KiB of address space, of which each thread takes some.
    let shell = "ulimit -v 262144; exec \"$0\" decide --manifests \"$1\" --flow 'default/a -> default/a:1/tcp'";
    let mut command = Command::new("sh");
    command.env("RAYON_NUM_THREADS", "1").args(["-c", shell, env!("CARGO_BIN_EXE_netpol"), &bomb]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
