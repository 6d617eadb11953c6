//! A new repository out of a folder of files, for the demo.

use std::path::Path;

use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};

/// Why the example's repository was not made.
#[derive(Debug, thiserror::Error)]
#[error("the example's repository cannot be made")]
pub struct ExampleError(#[from] git2::Error);

/// Makes a folder a repository with one commit of everything in it.
///
/// # Errors
/// libgit2 says why.
pub fn found_example(folder: &Path) -> Result<(), ExampleError> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repo = Repository::init_opts(folder, &options)?;
    let mut config = repo.config()?;
    config.set_str("user.name", "Demo")?;
    config.set_str("user.email", "demo@localhost")?;
    let mut index = repo.index()?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.write()?;
    let tree = repo.find_tree(index.write_tree()?)?;
    let demo = Signature::now("Demo", "demo@localhost")?;
    repo.commit(Some("HEAD"), &demo, &demo, "Begin the example", &tree, &[])?;
    Ok(())
}
