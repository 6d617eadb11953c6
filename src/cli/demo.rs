//! `nightshift demo`: a whole night on an example project, with a scripted agent; no key, no
//! set-up.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use include_dir::{Dir, DirEntry, include_dir};

use super::{
    args,
    failure::{Done, Failure, Kind},
    night, publish,
    ui::Ui,
};
use crate::{
    config::Environment,
    layout::{self, PathContext, PathError},
    repo,
    shift::{Order, Site},
};

static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/backlog-example");

pub(super) fn run(args: &args::Demo, environment: Environment, ui: Ui) -> Done {
    let (folder, temporary) = folder(args)?;
    let failed = |error: PathError| Failure::of(Kind::Environment, &error);
    let root = folder.join("purse");
    unpack(&EXAMPLE, &root).map_err(failed)?;
    repo::found_example(&root).map_err(|error| Failure::of(Kind::Environment, &error))?;
    // The demo's rooms stay beside its repository: nothing is left in the user's home.
    let environment = environment.with_state_home(&folder.join("state"));
    ui.note(&format!("The example project is in {}", root.display()));
    let site = Site::open(&root, environment).map_err(|error| Failure::from(&error))?;
    // It wrote them itself.
    site.trust()
        .and_then(|trust| site.trust_all(&trust))
        .map_err(failed)?;
    let preflight = site.preflight(false);
    night::refuse(&site, &preflight, ui)?;
    let ended = night::play(site, Order::default(), preflight.blind_spots, ui)?;
    let report = publish::write(&ended.state, &ended.layout, &root)?;
    let (markdown, json) = publish::render(&ended.state, &ended.layout, &root)?;
    ui.out(if ui.json { &json } else { &markdown });
    if temporary {
        ui.note(&format!(
            "The repository, the branch and the report are in {}; remove it when you have looked.",
            folder.display()
        ));
    } else {
        ui.note(&format!("report: {}", report.display()));
    }
    // A demo shows every outcome, parks and failures included: it succeeded when it came to an end.
    Ok(ExitCode::SUCCESS)
}

fn folder(args: &args::Demo) -> Result<(PathBuf, bool), Failure> {
    let failed = |error: PathError| Failure::of(Kind::Environment, &error);
    let Some(folder) = &args.keep else {
        let folder = tempfile::Builder::new()
            .prefix("nightshift-demo-")
            .tempdir()
            .at("make a folder in", &std::env::temp_dir())
            .map_err(failed)?;
        return Ok((folder.keep(), true));
    };
    fs::create_dir_all(folder)
        .at("create the folder", folder)
        .map_err(failed)?;
    let mut entries = fs::read_dir(folder)
        .at("read the folder", folder)
        .map_err(failed)?;
    if entries.next().is_some() {
        return Err(
            Failure::usage(format!("`{}` is not empty", folder.display()))
                .hint("name a new folder, or an empty one"),
        );
    }
    let whole = folder.canonicalize().at("find", folder).map_err(failed)?;
    Ok((whole, false))
}

fn unpack(from: &Dir<'_>, to: &Path) -> Result<(), PathError> {
    for entry in from.entries() {
        match entry {
            DirEntry::Dir(dir) => unpack(dir, to)?,
            DirEntry::File(file) => {
                let path = to.join(file.path());
                layout::write(&path, file.contents())?;
                // Modes are not embedded: what begins with `#!` is meant to be run.
                if file.contents().starts_with(b"#!") {
                    use std::os::unix::fs::PermissionsExt as _;
                    let mode = fs::Permissions::from_mode(0o755);
                    fs::set_permissions(&path, mode).at("make executable", &path)?;
                }
            }
        }
    }
    Ok(())
}
