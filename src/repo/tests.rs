//! The room against real git, in a sealed environment: own home, no configuration but ours.

mod formats;
mod landing;
mod odd;
mod rooms;
mod trees;
mod tricks;
mod untouched;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::Once,
};

use tempfile::TempDir;

use super::{Found, Git, Keep, SnapshotError, id::*, locate};

/// A folder with a repository in it and a home for rooms beside it.
struct Yard {
    home: TempDir,
}

impl Yard {
    /// An empty yard.
    fn empty() -> Self {
        seal();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("repo")).unwrap();
        Self { home }
    }

    /// A repository `repo` with one commit on `main`: a file, a script, a link and a folder.
    fn new() -> Self {
        let yard = Self::empty();
        yard.git(&["init", "-q", "-b", "main"]);
        yard.git(&["config", "user.name", "Ada"]);
        yard.git(&["config", "user.email", "ada@example.org"]);
        yard.put("readme.txt", "one\ntwo\nthree\n");
        yard.put("run.sh", "#!/bin/sh\n");
        yard.git(&["add", "run.sh"]);
        yard.git(&["update-index", "--chmod=+x", "run.sh"]);
        mode(&yard.repo().join("run.sh"), 0o755);
        yard.put("src/lib.rs", "pub fn a() {}\n");
        yard.put("src/deep/er/file", "deep\n");
        std::os::unix::fs::symlink("readme.txt", yard.repo().join("link")).unwrap();
        yard.put(".gitignore", "*.log\n/target/\n");
        yard.commit("Begin");
        yard
    }

    fn repo(&self) -> PathBuf {
        self.home.path().join("repo")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn room(&self) -> PathBuf {
        self.path("rooms/bench")
    }

    fn index(&self) -> PathBuf {
        self.path("rooms/index/bench")
    }

    /// Writes a file of the user's checkout.
    fn put(&self, name: &str, text: &str) {
        put(&self.repo(), name, text);
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Runs git in the repository.
    fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repo(), arguments)
    }

    /// Runs git in any folder and returns what it printed; panics when it fails.
    fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let (done, text) = self.try_git(folder, arguments);
        assert!(done, "git {arguments:?}: {text}");
        text
    }

    fn try_git(&self, folder: &Path, arguments: &[&str]) -> (bool, String) {
        #[expect(clippy::disallowed_methods, reason = "tests compare with real git")]
        let output = std::process::Command::new("git")
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("GIT_EDITOR", "true")
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        (output.status.success(), text)
    }

    fn found(&self) -> Found {
        locate(&self.repo()).unwrap()
    }

    fn open(&self) -> Git {
        Git::open(&self.found()).unwrap()
    }

    /// Opens the repository and furnishes the room with HEAD.
    fn furnished(&self) -> (Git, CommitId) {
        let git = self.open();
        let head = git.head().wait().unwrap().commit;
        self.furnish(&git, &head, Keep::Keep);
        (git, head)
    }

    fn furnish(&self, git: &Git, commit: &CommitId, ignored: Keep) {
        git.furnish(&self.room(), &self.index(), commit, ignored)
            .wait()
            .unwrap();
    }

    fn snapshot(&self, git: &Git, base: &CommitId) -> Result<TreeId, SnapshotError> {
        let taken = git.snapshot(&self.room(), &self.index(), base, u64::MAX);
        taken.wait().map(|taken| taken.tree)
    }

    /// Lists a tree as git does, one `mode type id<tab>path` per line.
    fn ls(&self, tree: &TreeId) -> String {
        self.git(&["ls-tree", "-r", &tree.0])
    }

    /// The text of a file in a tree.
    fn show(&self, tree: &TreeId, path: &str) -> String {
        self.git(&["show", &format!("{tree}:{path}")])
    }

    /// The tree that real git makes of a folder's files with an index of its own.
    fn tree_by_git(&self, folder: &Path, base: &CommitId) -> TreeId {
        let scratch = self.path("scratch.git");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).unwrap();
        }
        // Its objects are the repository's, so that the tree can be read there.
        self.git(&["init", "-q", "--bare", scratch.to_str().unwrap()]);
        fs::remove_dir_all(scratch.join("objects")).unwrap();
        std::os::unix::fs::symlink(self.repo().join(".git/objects"), scratch.join("objects"))
            .unwrap();
        let options = [
            format!("--git-dir={}", scratch.display()),
            format!("--work-tree={}", folder.display()),
        ];
        let run = |arguments: &[&str]| {
            let all: Vec<_> = options
                .iter()
                .map(String::as_str)
                .chain(["-c", "core.bare=false"])
                .chain(arguments.iter().copied())
                .collect();
            self.git_in(folder, &all)
        };
        run(&["read-tree", &base.0]);
        run(&["add", "-A"]);
        TreeId(run(&["write-tree"]).trim().to_owned())
    }
}

fn put(folder: &Path, name: impl AsRef<OsStr>, text: &str) {
    crate::layout::write(&folder.join(name.as_ref()), text.as_bytes()).unwrap();
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Keeps libgit2 away from the configuration of whoever runs the tests.
fn seal() {
    static SEALED: Once = Once::new();
    SEALED.call_once(|| {
        use git2::ConfigLevel::{Global, System, XDG};
        for level in [Global, System, XDG] {
            #[expect(unsafe_code, reason = "set once, before any repository is opened")]
            // SAFETY: no other libgit2 call runs yet: every test opens its yard first.
            unsafe {
                git2::opts::set_search_path(level, "/nonexistent").unwrap();
            }
        }
    });
}
