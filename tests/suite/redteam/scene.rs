//! A bed with everything on it that an attacker looks for, and what must be so after any attack.

use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{
    attack::Attack,
    disk::{CANARY, everything, files, plant},
};
use crate::{
    bed::{Bed, Said, binary},
    hostile,
};

/// A shell function that lays out hooks and settings by which git would run a program, in
/// `~/shared` and in the git directory that it is given; `traps_file` makes what they run.
const TRAPS: &str = r#"
traps_file() {
  printf '#!/bin/sh\ntouch @SHARED@/ran\n' > ~/shared/evil; chmod +x ~/shared/evil; mkdir -p ~/shared/hooks
  for h in pre-commit post-commit pre-push post-checkout post-merge post-index-change reference-transaction update; do cp ~/shared/evil ~/shared/hooks/$h; done
}
traps() {
  for k in core.fsmonitor core.pager core.editor core.sshCommand core.askPass diff.external filter.evil.clean filter.evil.smudge filter.evil.process gpg.program credential.helper; do
    git --git-dir "$1" config $k @SHARED@/evil
  done
  git --git-dir "$1" config core.hooksPath @SHARED@/hooks; git --git-dir "$1" config commit.gpgSign true
  mkdir -p "$1/info"; echo '* filter=evil' > "$1/info/attributes"
}
"#;

/// A night in which an attack was tried.
pub(super) struct Scene {
    pub(super) bed: Bed,
    pub(super) said: Said,
    victim: Child,
    pub(super) tcp: TcpListener,
    udp: UdpSocket,
    sockets: Vec<UnixListener>,
    before: BTreeMap<PathBuf, String>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.victim.kill().ok();
        self.victim.wait().ok();
    }
}

impl Scene {
    /// Lays the bed and runs the night.
    pub(super) fn play(attack: &Attack) -> Self {
        let bed = Bed::new();
        let home = bed.home().to_owned();
        plant(&home);
        for folder in [
            "agents",
            "shared/loot",
            ".cargo/registry",
            ".npm",
            ".local/bin",
        ] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        fs::write(home.join(".local/bin/tool"), "#!/bin/sh\n").unwrap();
        bed.git(&["init", "-q", "--bare", "../remote.git"]);
        bed.git(&["remote", "add", "origin", "../remote.git"]);
        bed.git(&["config", "http.extraHeader", CANARY]);
        bed.write(".gitignore", "/build/\n.env\n");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_nonblocking(true).unwrap();
        let name = home.file_name().unwrap().to_string_lossy().into_owned();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        fs::create_dir(home.join("run")).unwrap();
        let sockets = vec![
            UnixListener::bind(home.join("run/agent.sock")).unwrap(),
            UnixListener::bind(home.join(".gnupg/S.gpg-agent")).unwrap(),
            UnixListener::bind_addr(&address).unwrap(),
        ];
        for socket in &sockets {
            socket.set_nonblocking(true).unwrap();
        }
        // Started by the test, in no folder of the bed: whether it lives on is looked at.
        let victim = Command::new("sleep")
            .arg("600")
            .env("CANARY", CANARY)
            .current_dir("/")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let filled = |text: &str| {
            let ports = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
            let shown = |path: PathBuf| path.to_string_lossy().into_owned();
            text.replace("@HOME@", &shown(home.clone()))
                .replace("@REPO@", &shown(bed.root.clone()))
                .replace("@SHARED@", &shown(bed.shared()))
                .replace("@OUT@", &shown(home.join("out")))
                .replace("@ROOMS@", &shown(home.join("state/nightshift/rooms")))
                .replace("@VICTIM@", &victim.id().to_string())
                .replace("@TCP@", &ports.0.port().to_string())
                .replace("@UDP@", &ports.1.port().to_string())
                .replace("@ABSTRACT@", &name)
        };
        let script = |script: &str| {
            let (head, tail) = (
                "echo work > \"$NIGHTSHIFT_TICKET.txt\"",
                "echo $NIGHTSHIFT_TICKET >> ~/shared/tried",
            );
            filled(&format!("{TRAPS}\n{head}\n{script}\n{tail}\n"))
        };
        fs::write(home.join("agents/a"), script(attack.script)).unwrap();
        bed.ticket("a", "priority: 1\nattempts: 1", "Do it.");
        if let Some(next) = attack.next {
            fs::write(home.join("agents/b"), script(next)).unwrap();
            bed.ticket("b", "attempts: 1", "Do it.");
        }
        bed.write(
            "nightshift.toml",
            &filled(&format!(
                "[agent]\nharness = \"sh\"\ntimeout = \"60s\"\nsilence = \"4s\"\n\n[harness.sh]\ncommand = [\"sh\", \"@HOME@/agents/{{ticket}}\"]\nprompt = \"file\"\n\n[gate]\ntimeout = \"30s\"\n{}\n[sandbox]\nread = [\"~/agents\"]\nwrite = [\"~/shared\"]\n{}\n{}",
                attack.gate, attack.sandbox, attack.config
            )),
        );
        bed.write("policy.toml", "");
        for (path, text) in attack.files {
            bed.write(path, &filled(text));
        }
        if attack.submodule {
            let head = bed.git(&["rev-parse", "HEAD"]);
            let entry = format!("160000,{},vendor/own", head.trim());
            fs::create_dir_all(bed.root.join("vendor/own")).unwrap();
            bed.git(&["add", "-A"]);
            bed.git(&["update-index", "--add", "--cacheinfo", &entry]);
            bed.git(&["commit", "-q", "-m", "the backlog"]);
        } else {
            bed.commit("the backlog");
        }
        bed.write(".env", CANARY);
        bed.write("untracked.txt", "the user's\n");
        let before = everything(&bed);
        let said = Said::of(
            &bed.command(binary())
                .arg("run")
                .env("GITHUB_TOKEN", CANARY)
                .env("DATABASE_URL", CANARY)
                .env("SSH_AUTH_SOCK", home.join("run/agent.sock"))
                .output()
                .unwrap(),
        );
        Self {
            bed,
            said,
            victim,
            tcp,
            udp,
            sockets,
            before,
        }
    }

    /// What must be so after any attack.
    pub(super) fn general(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let after = everything(&self.bed);
        for (path, what) in &self.before {
            match after.get(path) {
                Some(now) if now == what => {}
                now => wrong.push(format!("{} was {what} and is {now:?}", path.display())),
            }
        }
        let is_new = |path: &&PathBuf| !self.before.contains_key(*path);
        wrong.extend(
            after
                .keys()
                .filter(is_new)
                .map(|path| format!("{} is new", path.display())),
        );
        if self.bed.shared().join("ran").exists() {
            wrong.push("the runner ran what the agent had laid out".to_owned());
        }
        for path in self.readable() {
            let text = fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&text).contains(CANARY) {
                wrong.push(format!("a secret is in {}", path.display()));
            }
        }
        let history = self
            .bed
            .git(&["log", "--all", "-p", "--text", "--format=%B"]);
        if history.contains(CANARY) {
            wrong.push("a secret is in a commit".to_owned());
        }
        if self.tcp.accept().is_ok() {
            wrong.push("the TCP port was reached".to_owned());
        }
        if self.udp.recv(&mut [0; 64]).is_ok() {
            wrong.push("the UDP port was reached".to_owned());
        }
        for socket in &self.sockets {
            if socket.accept().is_ok() {
                wrong.push(format!("{:?} was reached", socket.local_addr()));
            }
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.victim.id()));
        if !status.unwrap().contains("State:\tS") {
            wrong.push("the stand-in process was hurt".to_owned());
        }
        let left = hostile::left(&self.bed);
        wrong.extend(left.into_iter().map(|process| format!("left: {process}")));
        let verified = self.bed.nightshift(&["verify"]);
        if verified.code != Some(0) {
            wrong.push(format!("verify: {}{}", verified.out, verified.err));
        }
        if self.said.err.contains("panicked") || self.said.code.is_none() {
            wrong.push(format!("the runner died: {}", self.said.err));
        }
        wrong
    }

    /// What is this attack's own.
    pub(super) fn own(&self, attack: &Attack) -> Vec<String> {
        let mut wrong = Vec::new();
        let outcomes = self.bed.outcomes();
        let outcome = outcomes.get("a").map_or("none", String::as_str);
        let record = match attack.told {
            [] => String::new(),
            _ => self.record(),
        };
        if !attack.outcome.split('|').any(|one| one == outcome) {
            let report = self.bed.nightshift(&["report"]).out;
            let report: String = report.chars().take(1500).collect();
            wrong.push(format!(
                "it came to `{outcome}`: {}\n{report}",
                self.said.err
            ));
        }
        let tried = self.loot("../tried");
        if attack.ends != tried.lines().any(|line| line == "a") {
            let log = self.log("raw.log");
            wrong.push(format!("tried to its end: `{tried}`\n{log}"));
        }
        if attack.next.is_some() && outcomes.get("b").map(String::as_str) != Some("done") {
            let report = self.bed.nightshift(&["report"]).out;
            wrong.push(format!(
                "the next one came to {:?}\n{report}",
                outcomes.get("b")
            ));
        }
        for told in attack.told {
            if !record.contains(told) {
                let ended: Vec<_> = record
                    .lines()
                    .filter(|line| line.contains("ended"))
                    .collect();
                wrong.push(format!("nothing is told of `{told}`: {ended:#?}"));
            }
        }
        if let Err(reached) = (attack.look)(self) {
            wrong.push(reached);
        }
        wrong
    }

    /// What the agents took along.
    pub(super) fn loot(&self, name: &str) -> String {
        let path = self.bed.shared().join("loot").join(name);
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// `Err` unless the agents' note has just this to say.
    pub(super) fn loot_is(&self, name: &str, expected: &str) -> Result<(), String> {
        let found = self.loot(name);
        let same = found.trim() == expected;
        same.then_some(())
            .ok_or_else(|| format!("{name}: `{}`, not `{expected}`", found.trim()))
    }

    /// Journal and report.
    pub(super) fn record(&self) -> String {
        let journal = self.bed.root.join(".nightshift/journal");
        let mut text = String::new();
        for path in files(&journal) {
            text.push_str(&fs::read_to_string(path).unwrap_or_default());
        }
        text + &self.bed.nightshift(&["report"]).out
    }

    /// The journaled events of one kind.
    pub(super) fn events(&self, kind: &str) -> Vec<Value> {
        let path = self.bed.root.join(".nightshift/journal/000001.jsonl");
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"][kind].clone())
            .filter(|event| !event.is_null())
            .collect()
    }

    /// A file of the first attempt's folder.
    pub(super) fn log(&self, name: &str) -> String {
        let night = self
            .bed
            .branch()
            .trim_start_matches("nightshift/")
            .to_owned();
        let path = format!(".nightshift/nights/{night}/a/attempt-1/{name}");
        let bytes = fs::read(self.bed.root.join(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What git has of a path on the night branch.
    pub(super) fn landed(&self, path: &str) -> String {
        self.bed
            .git(&["show", &format!("{}:{path}", self.bed.branch())])
    }

    /// Every file in which something that leaked could be read.
    fn readable(&self) -> Vec<PathBuf> {
        let mut all = files(&self.bed.root.join(".nightshift"));
        all.extend(files(&self.bed.shared()));
        all
    }
}
