//! What of the user's home a confined child sees: the tools that are installed there, and nothing
//! else.
//!
//! The home is replaced as a whole, so that a credential that nobody thought of is hidden, too.

use std::path::{Path, PathBuf};

/// Folders and files below a home in which toolchains and their caches live, as their installers
/// put them there. Where a tool keeps credentials beside its programs, only the programs are named.
const TOOLS: [&str; 66] = [
    ".asdf",
    ".bun/bin",
    ".bun/install",
    ".cabal/bin",
    ".cabal/packages",
    ".cabal/store",
    ".cargo/bin",
    ".cargo/config",
    ".cargo/config.toml",
    ".cargo/env",
    ".cargo/git",
    ".cargo/registry",
    ".claude/local",
    ".conda/envs",
    ".conda/pkgs",
    ".deno/bin",
    ".dotnet/sdk",
    ".dotnet/shared",
    ".dotnet/tools",
    ".elan",
    ".fnm",
    ".ghcup",
    ".gradle/caches",
    ".gradle/wrapper",
    ".jenv",
    ".julia",
    ".juliaup",
    ".linuxbrew",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/claude",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/rtx",
    ".local/share/uv",
    ".local/share/virtualenvs",
    ".luarocks",
    ".m2/repository",
    ".n",
    ".nix-defexpr",
    ".nix-profile",
    ".nodenv",
    ".npm-global",
    ".nuget/packages",
    ".nvm",
    ".opam",
    ".opencode/bin",
    ".pixi/bin",
    ".poetry",
    ".pub-cache",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rvm",
    ".rye",
    ".sdkman",
    ".stack",
    ".swiftly",
    ".volta",
    "anaconda3",
    "go",
    "miniconda3",
    "n",
];

/// Returns the tools that are there.
pub fn tools(home: &Path) -> Vec<PathBuf> {
    TOOLS
        .iter()
        .map(|name| home.join(name))
        .filter(|path| path.exists())
        .collect()
}

/// Returns what has to be seen for this program to run, apart from what every child sees: its file,
/// the file that it links to, and the package around that.
pub(super) fn around(program: &Path) -> Vec<PathBuf> {
    let mut shown = vec![program.to_owned()];
    let Ok(real) = program.canonicalize() else {
        return shown;
    };
    // An npm package is a file within a tree of packages that need each other.
    let mut package = PathBuf::new();
    let mut found = None;
    for part in real.components() {
        package.push(part);
        if part.as_os_str() == "node_modules" {
            found = Some(package.clone());
            break;
        }
    }
    shown.extend(found);
    shown.push(real);
    shown
}

/// Returns the place that a configuration means: `~/` is the home.
pub fn place(text: &str, home: &Path) -> PathBuf {
    text.strip_prefix("~/")
        .map_or_else(|| PathBuf::from(text), |rest| home.join(rest))
}
