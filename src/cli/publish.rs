//! The report of a night, written beside its journal: a projection that can be made again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::failure::{Failure, Kind};
use crate::{
    gate::verdict::Verdict,
    layout::{self, Layout},
    machine::State,
    report::{self, Model},
};

/// The name of a repository's own report template, relative to its root.
const TEMPLATE: &str = "templates/nightshift/night-report.md.j2";

/// Writes `night-report.md` and `night-report.json`; returns the path of the first.
pub(super) fn write(state: &State, layout: &Layout, root: &Path) -> Result<PathBuf, Failure> {
    let folder = layout.night(night_of(state));
    let (markdown, json) = render(state, layout, root)?;
    let path = folder.join("night-report.md");
    let failed = |error| Failure::of(Kind::Environment, &error);
    layout::replace(&path, markdown.as_bytes()).map_err(failed)?;
    layout::replace(&folder.join("night-report.json"), json.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Returns the report as Markdown and as JSON.
pub(super) fn render(
    state: &State,
    layout: &Layout,
    root: &Path,
) -> Result<(String, String), Failure> {
    let model = model(state, layout);
    let template = fs::read_to_string(root.join(TEMPLATE)).ok();
    let markdown = report::markdown(&model, template.as_deref()).map_err(|error| {
        Failure::of(Kind::Usage, &error).hint(format!("mend `{TEMPLATE}`, or remove it"))
    })?;
    Ok((markdown, report::json(&model)))
}

/// Returns the report's first sentence.
pub(super) fn headline(state: &State, layout: &Layout) -> String {
    model(state, layout).headline
}

fn model(state: &State, layout: &Layout) -> Model {
    let folder = layout.night(night_of(state));
    let evidence = |verdict: &Verdict| {
        let bytes = fs::read(folder.join(verdict.log.as_ref()?)).ok()?;
        Some(bytes)
    };
    report::model(state, &evidence)
}

fn night_of(state: &State) -> &str {
    state
        .night()
        .map_or("unknown", |night| night.terms.night.as_str())
}
