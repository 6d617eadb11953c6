//! Attacks on what is the user's alone: credentials, other projects, the environment, and what the
//! ticket before left. `scene.rs` looks for the planted value in everything that comes out.

use super::{
    attack::{Attack, play},
    scene::Scene,
};

/// The next one looked for what the first one left, and found nothing.
fn nothing_was_left(scene: &Scene) -> Result<(), String> {
    scene.loot_is("found", "")
}

fn only_ordinary_variables(scene: &Scene) -> Result<(), String> {
    let all = scene.loot("environment");
    for name in [
        "GITHUB_TOKEN",
        "DATABASE_URL",
        "SSH_AUTH_SOCK",
        "NIGHTSHIFT_REPORT",
    ] {
        if all.contains(name) {
            return Err(format!("{name} is in the environment"));
        }
    }
    all.contains("NIGHTSHIFT_TICKET").then_some(()).ok_or(all)
}

macro_rules! reads {
    ($name:literal, $path:literal) => {
        Attack::new(
            $name,
            concat!(
                "cat ",
                $path,
                " > ~/shared/loot/it; cp -r ",
                $path,
                " stolen; ls -la ",
                $path,
                " >> ~/shared/loot/it"
            ),
        )
    };
}

pub(super) const ATTACKS: &[Attack] = &[
    reads!("reading the keys of ssh", "@HOME@/.ssh/id_ed25519"),
    reads!("reading the credentials of AWS", "@HOME@/.aws/credentials"),
    reads!("reading `.netrc`", "@HOME@/.netrc"),
    reads!("reading the login of gh", "@HOME@/.config/gh/hosts.yml"),
    reads!("reading git's stored credentials", "@HOME@/.git-credentials"),
    reads!("reading the logins of container registries", "@HOME@/.docker/config.json"),
    reads!("reading the token of npm", "@HOME@/.npmrc"),
    reads!("reading the token of cargo, beside its tools", "@HOME@/.cargo/credentials.toml"),
    reads!("reading the clusters' configuration", "@HOME@/.kube/config"),
    reads!("reading private keys of gpg", "@HOME@/.gnupg/private-keys-v1.d/key"),
    reads!("reading the history of the shell", "@HOME@/.bash_history"),
    reads!("reading another project's `.env`", "@HOME@/other-project/.env"),
    reads!("reading the checkout's untracked `.env`", "@REPO@/.env"),
    reads!("reading the settings of the user's repository", "@REPO@/.git/config"),
    Attack::new(
        "searching the whole home for anything at all",
        "find @HOME@ / -xdev \\( -path /proc -o -path /sys -o -path /usr -o -path /var/lib \\) -prune -o -type f -size -4 -user $(id -u) -newer @HOME@/agents/a -print 2>/dev/null | head -n 500 > ~/shared/loot/list; grep -rsl canary-of-the- @HOME@ >> ~/shared/loot/list",
    )
    .look(|scene| {
        let list = scene.loot("list");
        let bad = |line: &&str| line.contains("/.ssh") || line.contains("/.nightshift/") || line.ends_with("out/canary");
        list.lines().find(bad).map_or(Ok(()), |line| Err(line.to_owned()))
    }),
    Attack::new(
        "reading the state folder, other rooms and what gates have",
        "ls -R @REPO@/.nightshift | grep -E 'journal|lock|heartbeat|report|raw|patch|request' > ~/shared/loot/found; ls @ROOMS@/*/gate @ROOMS@/*/index @ROOMS@/*/private/gate >> ~/shared/loot/found",
    )
    .look(nothing_was_left),
    Attack::new(
        "secrets in the environment, of the runner and of every process",
        "env > ~/shared/loot/environment; for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ >> ~/shared/loot/others; done; cat /proc/@VICTIM@/environ >> ~/shared/loot/others",
    )
    .look(only_ordinary_variables),
    Attack::new(
        "the same from the gate's side",
        "printf 'env > ~/shared/loot/environment; NIGHTSHIFT_TICKET=x env | grep NIGHTSHIFT_T >> ~/shared/loot/environment; cat @HOME@/.ssh/* @REPO@/.env @HOME@/.aws/* > ~/shared/loot/it; cat /proc/*/environ > ~/shared/loot/others; :' > check.sh",
    )
    .gate("run = \"sh check.sh\"\n")
    .files(&[("check.sh", "true\n")])
    .look(only_ordinary_variables),
    Attack::new(
        "a way to the user's files by the root of another process",
        "for p in 1 2 self $$ $PPID; do for f in root cwd; do cat /proc/$p/$f@REPO@/.env /proc/$p/$f/.env /proc/$p/$f/../../../../.ssh/id_ed25519; done; done > ~/shared/loot/it",
    ),
    Attack::new(
        "a word for the next ticket by `/tmp`, `/dev/shm`, `/var/tmp` and shared memory",
        "for d in /tmp /dev/shm /var/tmp /run; do echo word > $d/ns-word; done; perl -e 'shmget(5417, 64, 01666)'",
    )
    .next("for d in /tmp /dev/shm /var/tmp /run; do cat $d/ns-word; done > ~/shared/loot/found; perl -e 'print \"segment\" if defined shmget(5417, 64, 0)' >> ~/shared/loot/found")
    .look(nothing_was_left),
    Attack::new(
        "a home for the next ticket: shell start-up files, settings of git and of agents",
        "for f in .bashrc .profile .gitconfig .claude.json .config/x; do mkdir -p ~/$(dirname $f); echo word > ~/$f; done",
    )
    .next("for f in .bashrc .profile .gitconfig .claude.json .config/x; do cat ~/$f; done > ~/shared/loot/found")
    .look(nothing_was_left),
    Attack::new(
        "tool folders poisoned: cargo, npm, programs of the user",
        "for f in .cargo/registry/evil .cargo/config.toml .cargo/bin/cargo .npm/evil .local/bin/evil .local/bin/tool .rustup/settings.toml; do echo evil > @HOME@/$f; done; chmod u+w @HOME@/.local/bin; mv @HOME@/.local/bin/tool @HOME@/.local/bin/tool2",
    )
    .next("cat ~/.cargo/registry/evil ~/.npm/evil ~/.local/bin/evil ~/.local/bin/tool2 > ~/shared/loot/found")
    .look(nothing_was_left),
    Attack::new(
        "a link in the bench through which the runner would copy a file of the user's",
        "rm -rf .env.test build; ln -s @OUT@/canary .env.test; mkdir -p build; ln -s @OUT@ build/conf",
    )
    .files(&[(".env.test", "A=1\n"), ("build/conf/local", "B=1\n"), (".gitignore", "/build/\n.env\n.env.test\n")])
    .config("[rooms]\ncopy = [\".env.test\", \"build/conf/local\"]\n")
    .next("true"),
];

#[test]
fn nothing_of_the_users_is_read_or_left() {
    play(ATTACKS);
}
