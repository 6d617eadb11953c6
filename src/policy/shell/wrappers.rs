//! Commands that run the command behind them: `env`, `timeout 5`, `sudo`, `npx`.

use super::scope::Field;

/// How the arguments of a wrapper are read.
struct Wrapper {
    name: &'static str,
    /// Words that must follow the name, such as `run` of `poetry run`; the options of a wrapper
    /// with a verb are not known one by one.
    verbs: &'static [&'static str],
    /// Options whose value is the next word.
    valued: &'static [&'static str],
    /// How many plain words come before the command.
    operands: usize,
    /// Whether rules see the wrapper itself as well, because it matters.
    shown: bool,
}

const fn plain(name: &'static str) -> Wrapper {
    Wrapper {
        name,
        verbs: &[],
        valued: &[],
        operands: 0,
        shown: false,
    }
}

const fn with(name: &'static str, valued: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper {
        valued,
        operands,
        ..plain(name)
    }
}

const fn shown(name: &'static str, valued: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper {
        shown: true,
        ..with(name, valued, operands)
    }
}

const fn verb(
    name: &'static str,
    verbs: &'static [&'static str],
    valued: &'static [&'static str],
    operands: usize,
) -> Wrapper {
    Wrapper {
        verbs,
        shown: true,
        ..with(name, valued, operands)
    }
}

const DOCKER_RUN: &[&str] = &[
    "-v",
    "--volume",
    "-e",
    "--env",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--mount",
    "--entrypoint",
    "-l",
    "--label",
    "--env-file",
    "--platform",
    "--cpus",
    "-m",
    "--memory",
    "--add-host",
    "--cap-add",
    "--device",
    "-h",
    "--hostname",
    "--pid",
    "--ipc",
    "--security-opt",
    "--shm-size",
    "--ulimit",
    "--restart",
    "--pull",
    "--gpus",
    "--tmpfs",
];

const WRAPPERS: &[Wrapper] = &[
    with("env", &["-u", "--unset", "-C", "--chdir"], 0),
    plain("nohup"),
    plain("setsid"),
    with("timeout", &["-k", "--kill-after", "-s", "--signal"], 1),
    with("gtimeout", &["-k", "--kill-after", "-s", "--signal"], 1),
    with("nice", &["-n", "--adjustment"], 0),
    with("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    with("chrt", &[], 1),
    with("taskset", &[], 1),
    with(
        "stdbuf",
        &["-i", "-o", "-e", "--input", "--output", "--error"],
        0,
    ),
    plain("unbuffer"),
    with("time", &["-f", "--format", "-o", "--output"], 0),
    with("exec", &["-a"], 0),
    plain("builtin"),
    plain("command"),
    plain("busybox"),
    plain("toybox"),
    plain("fakeroot"),
    with("faketime", &["-f"], 1),
    with("xvfb-run", &["-s", "--server-args", "-n", "-e", "-f"], 0),
    plain("dbus-run-session"),
    with("strace", &["-e", "-o", "-p", "-s", "-P", "-u"], 0),
    with("ltrace", &["-e", "-o", "-s"], 0),
    plain("valgrind"),
    plain("catchsegv"),
    plain("caffeinate"),
    with("systemd-inhibit", &[], 0),
    with("prlimit", &[], 0),
    with("numactl", &[], 0),
    with("setpriv", &[], 0),
    with("watch", &["-n", "--interval", "-q"], 0),
    with("entr", &[], 0),
    with(
        "xargs",
        &[
            "-I",
            "-n",
            "-P",
            "-d",
            "-L",
            "-s",
            "-E",
            "-a",
            "--max-args",
            "--max-procs",
            "--delimiter",
            "--arg-file",
            "--replace",
        ],
        0,
    ),
    with("flock", &["-w", "--timeout", "-E"], 1),
    shown(
        "sudo",
        &[
            "-u", "-g", "-h", "-p", "-C", "-T", "-R", "-D", "-U", "-r", "-t", "--user", "--group",
        ],
        0,
    ),
    shown("doas", &["-u", "-C"], 0),
    shown("pkexec", &["--user"], 0),
    shown("runuser", &["-u", "-g", "-G"], 0),
    shown("chroot", &[], 1),
    shown("unshare", &["-S", "-G", "-R", "-w"], 0),
    shown("nsenter", &["-t", "--target", "-S", "-G"], 0),
    shown(
        "systemd-run",
        &["-p", "--property", "-u", "--unit", "-M", "-H"],
        0,
    ),
    shown("bwrap", &[], 0),
    shown("proot", &["-r", "-b", "-w"], 0),
    with("npx", &["-p", "--package"], 0),
    with("bunx", &[], 0),
    with("uvx", &["--from", "--with", "-p"], 0),
    verb("npm", &["exec"], &["-w", "--package"], 0),
    verb("npm", &["x"], &["-w", "--package"], 0),
    verb("pnpm", &["exec"], &[], 0),
    verb("pnpm", &["dlx"], &[], 0),
    verb("yarn", &["exec"], &[], 0),
    verb("yarn", &["dlx"], &["-p"], 0),
    verb("yarn", &["run"], &[], 0),
    verb("bun", &["x"], &[], 0),
    verb("poetry", &["run"], &[], 0),
    verb("pipenv", &["run"], &[], 0),
    verb("hatch", &["run"], &[], 0),
    verb("rye", &["run"], &[], 0),
    verb("pdm", &["run"], &[], 0),
    verb(
        "uv",
        &["run"],
        &[
            "--with",
            "-p",
            "--python",
            "--extra",
            "--group",
            "--env-file",
        ],
        0,
    ),
    verb("pipx", &["run"], &["--spec"], 0),
    verb("conda", &["run"], &["-n", "-p", "--name", "--prefix"], 0),
    verb("bundle", &["exec"], &[], 0),
    verb("mise", &["exec"], &[], 0),
    verb("rustup", &["run"], &[], 1),
    verb("direnv", &["exec"], &[], 1),
    verb("op", &["run"], &[], 0),
    verb("git", &["bisect", "run"], &[], 0),
    verb(
        "docker",
        &["exec"],
        &["-e", "--env", "-u", "--user", "-w", "--workdir"],
        1,
    ),
    verb(
        "podman",
        &["exec"],
        &["-e", "--env", "-u", "--user", "-w", "--workdir"],
        1,
    ),
    verb("docker", &["run"], DOCKER_RUN, 1),
    verb("podman", &["run"], DOCKER_RUN, 1),
    verb(
        "docker",
        &["compose", "exec"],
        &["-e", "--env", "-u", "--user", "-w", "--workdir"],
        1,
    ),
    verb(
        "docker",
        &["compose", "run"],
        &["-e", "--env", "-u", "--user", "-w", "--workdir"],
        1,
    ),
    verb("docker-compose", &["exec"], &["-e", "-u", "-w"], 1),
    verb("docker-compose", &["run"], &["-e", "-u", "-w"], 1),
    verb(
        "kubectl",
        &["exec"],
        &["-n", "--namespace", "-c", "--container"],
        1,
    ),
];

/// What a wrapper wraps.
pub(super) struct Wrapped {
    /// The command behind it, with the assignments of `env`.
    pub(super) rest: Vec<Field>,
    /// Whether the wrapper is shown as well.
    pub(super) shown: bool,
    /// A text that it runs by a shell: `env -S`, `flock -c`.
    pub(super) script: Option<Field>,
}

/// Takes one wrapper off; `None` when the command is none, or wraps nothing.
pub(super) fn peel(words: &[Field]) -> Option<Wrapped> {
    let (name, all) = words.split_first()?;
    let wrapper = WRAPPERS.iter().find(|wrapper| {
        let verbs = all
            .iter()
            .map(|word| word.text.as_str())
            .take(wrapper.verbs.len());
        wrapper.name == name.text && verbs.eq(wrapper.verbs.iter().copied())
    })?;
    let mut rest = all.get(wrapper.verbs.len()..)?;
    let mut operands = wrapper.operands;
    let mut script = None;
    while let Some((first, more)) = rest.split_first() {
        let text = first.text.as_str();
        let option = text.len() > 1 && text.starts_with('-');
        if wrapper.name == "command" && matches!(text, "-v" | "-V" | "-pv") {
            return None;
        }
        if text == "--" {
            rest = more;
            rest = rest.get(operands..).unwrap_or_default();
            break;
        } else if option
            && wrapper.name == "env"
            && (text.starts_with("-S") || text.starts_with("--split-string"))
        {
            let attached = text
                .trim_start_matches("--split-string")
                .trim_start_matches("-S");
            let attached = attached.trim_start_matches('=');
            let value = if attached.is_empty() {
                more.first()?.clone()
            } else {
                first.behind(text.len() - attached.len())
            };
            script = Some(value);
            rest = if attached.is_empty() {
                more.get(1..)?
            } else {
                more
            };
        } else if matches!(wrapper.name, "npx" | "flock" | "npm")
            && matches!(text, "-c" | "--call" | "--command")
        {
            script = more.first().cloned();
            rest = more.get(1..).unwrap_or_default();
        } else if option {
            let takes = wrapper.valued.contains(&text);
            rest = more.get(usize::from(takes)..).unwrap_or_default();
        } else if operands > 0 {
            operands -= 1;
            rest = more;
        } else {
            break;
        }
    }
    (script.is_some() || !rest.is_empty()).then(|| Wrapped {
        rest: rest.to_vec(),
        shown: wrapper.shown,
        script,
    })
}
