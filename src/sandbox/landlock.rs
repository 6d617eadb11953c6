//! The second fence: Landlock, which the kernel keeps for this process and all that comes of it.
//!
//! Inside bubblewrap it repeats what the mounts say; alone it is all there is, and then some things
//! stay open (see `engine.rs`, which says which).

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};

/// What is asked for; a kernel that knows less keeps what it knows.
const WANTED: ABI = ABI::V6;
/// What there must be: with less, a file outside could be truncated.
const NEEDED: ABI = ABI::V3;

/// Closes the doors of this thread, and of what it starts.
///
/// # Errors
/// One line: the kernel has no Landlock, or too old a one.
pub(super) fn restrict(
    read: &[PathBuf],
    write: &[PathBuf],
    without_network: bool,
) -> Result<(), String> {
    enforce(read, write, without_network).map_err(|error| format!("Landlock: {error}"))
}

/// Returns whether the kernel can keep what is needed.
pub(super) fn is_there() -> Result<(), String> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))
        .and_then(Ruleset::create)
        .map(|_| ())
        .map_err(|error| format!("Landlock: {error}"))
}

fn enforce(read: &[PathBuf], write: &[PathBuf], without_network: bool) -> Result<(), RulesetError> {
    let all = AccessFs::from_all(WANTED);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::from_all(WANTED))?;
    if without_network {
        rules = rules.handle_access(AccessNet::from_all(WANTED))?;
    }
    let mut rules = rules.create()?;
    for path in read {
        rules = allow(rules, path, AccessFs::from_read(WANTED))?;
    }
    for path in write {
        rules = allow(rules, path, all)?;
    }
    rules.restrict_self()?;
    Ok(())
}

fn allow(
    rules: RulesetCreated,
    path: &PathBuf,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    // What is not there cannot be allowed, and needs not be.
    let Ok(file) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(WANTED)
    };
    rules.add_rule(PathBeneath::new(file, access))
}
