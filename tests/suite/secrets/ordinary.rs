//! Ordinary text is left alone: at most one false hit in 10,000 lines.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use nightshift::sandbox::Redactor;

use super::{files, root};

/// What was found in many files.
#[derive(Default)]
struct Hits {
    lines: usize,
    bytes: usize,
    kinds: BTreeMap<&'static str, usize>,
    /// Where, and the line.
    told: Vec<String>,
}

impl Hits {
    fn in_files(paths: &[PathBuf]) -> Self {
        let redactor = Redactor::default();
        let mut hits = Self::default();
        for path in paths {
            let bytes = fs::read(path).unwrap_or_default();
            if bytes.iter().take(8000).any(|byte| *byte == 0) {
                continue;
            }
            let text = String::from_utf8_lossy(&bytes);
            hits.lines += text.lines().count();
            hits.bytes += text.len();
            for finding in redactor.findings(&text) {
                *hits.kinds.entry(finding.kind).or_default() += 1;
                let line = text.lines().nth(finding.line - 1).unwrap_or_default();
                let line: String = line.chars().take(160).collect();
                let (path, at) = (path.display(), finding.line);
                hits.told
                    .push(format!("{} {path}:{at}: {line}", finding.kind));
            }
        }
        hits
    }

    fn in_ten_thousand_lines(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
        let share = self.told.len() as f64 / self.lines as f64;
        share * 10_000.0
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    let hits = Hits::in_files(&files(&root().join("fixtures/secrets/ordinary")));
    assert!(hits.lines >= 3000, "{} lines", hits.lines);
    assert!(hits.in_ten_thousand_lines() <= 1.0, "{:#?}", hits.told);
}

/// `cargo test --release --test suite secrets:: -- --ignored --nocapture`
#[test]
#[ignore = "reads the sources of every crate on this machine"]
fn the_sources_of_all_crates_are_left_alone() {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"),
        PathBuf::from,
    );
    let mut paths = files(&home.join("registry/src"));
    for more in ["/usr/lib/python3", "/usr/share/doc"].map(Path::new) {
        paths.extend(more.is_dir().then(|| files(more)).into_iter().flatten());
    }
    let began = Instant::now();
    let hits = Hits::in_files(&paths);
    println!("{}", hits.told.join("\n"));
    println!(
        "{} hits in {} lines ({} MB, {:?}): {:.3} in 10,000 lines\n{:#?}",
        hits.told.len(),
        hits.lines,
        hits.bytes / 1_000_000,
        began.elapsed(),
        hits.in_ten_thousand_lines(),
        hits.kinds
    );
    assert!(hits.lines >= 30_000, "{} lines", hits.lines);
    assert!(hits.in_ten_thousand_lines() <= 1.0);
}

/// `cargo test --release --test suite secrets:: -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn how_fast_it_is() {
    let variables = [
        ("A_TOKEN", "zq8Xv92kLm3nB7wQ1"),
        ("DB_PASSWORD", "s3cr3t/pa+ss word"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let redactor = Redactor::new(variables.into_iter());
    let began = Instant::now();
    assert_eq!(redactor.redact("the first line"), "the first line");
    println!("the first line took {:?}", began.elapsed());
    for name in ["output.log", "events.jsonl", "git-log.txt", "code.rs"] {
        let path = root().join("fixtures/secrets/ordinary").join(name);
        let text = fs::read_to_string(path).unwrap();
        let text = text.repeat(20_000_000 / text.len());
        let began = Instant::now();
        let mut lines = redactor.lines();
        let kept = text.lines().filter_map(|line| lines.line(line)).count();
        let took = began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
        let speed = text.len() as f64 / took / 1e6;
        println!("{name}: {kept} lines, {speed:.0} MB/s");
    }
}
