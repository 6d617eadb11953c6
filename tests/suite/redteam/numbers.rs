//! That the suite is as large as it is said to be, that its checks notice something, and that the
//! numbers in `docs/security.md` are these.

use std::collections::BTreeSet;

use super::{
    attack::Attack, escape, files, gates, git, network, open, scene::Scene, secrets, talk,
};

/// The themes, as the page calls them.
const THEMES: [(&str, &[Attack]); 7] = [
    ("git", git::ATTACKS),
    ("what lies in the bench", files::ATTACKS),
    ("secrets, and word to the next ticket", secrets::ATTACKS),
    ("processes and walls", escape::ATTACKS),
    ("the verdict", gates::ATTACKS),
    ("words and sockets", talk::ATTACKS),
    ("network", network::ATTACKS),
];

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md")).unwrap()
}

#[test]
fn the_page_has_the_numbers_of_the_suite() {
    let page = page();
    let told = |attacks: &[Attack]| attacks.iter().filter(|one| !one.told.is_empty()).count();
    let mut all = (0, 0);
    let mut missing = Vec::new();
    let mut row = |name: &str, tried: usize, told: usize| {
        let line = format!("| {name} | {tried} | {tried} | {told} |");
        if !page.contains(&line) {
            missing.push(line);
        }
    };
    for (name, attacks) in THEMES {
        row(name, attacks.len(), told(attacks));
        all = (all.0 + attacks.len(), all.1 + told(attacks));
    }
    row("all", all.0, all.1);
    assert!(
        missing.is_empty(),
        "write into docs/security.md:\n{}",
        missing.join("\n")
    );
    assert!(all.0 >= 60);
}

#[test]
fn the_page_names_everything_that_is_open() {
    let page = page();
    for open in open::OPEN {
        assert!(
            page.contains(&format!("* {}.", open.name)),
            "* {}.",
            open.name
        );
    }
    let listed = page.split("\n## What stays open\n").nth(1).unwrap();
    let listed = listed.split("\n## ").next().unwrap();
    let listed = listed.lines().filter(|line| line.starts_with("* ")).count();
    assert_eq!(listed, open::OPEN.len());
}

#[test]
fn no_attack_is_counted_twice() {
    let all = THEMES
        .iter()
        .flat_map(|(_, attacks)| *attacks)
        .chain(open::OPEN);
    let names: Vec<_> = all.map(|attack| attack.name).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len());
}

/// The same eyes on an agent that nothing confines: they see each of these.
#[test]
fn without_confinement_the_checks_notice() {
    let attack = Attack::new(
        "everything at once, unconfined",
        "cat @HOME@/.ssh/id_ed25519 > ~/shared/loot/it; echo x > @REPO@/.git/hooks/pre-commit; echo x > @OUT@/canary; touch -d 2001-01-01 @REPO@/README; bash -c 'exec 3<>/dev/tcp/127.0.0.1/@TCP@; echo x > /dev/udp/127.0.0.1/@UDP@'; perl -e 'use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un(\"@HOME@/run/agent.sock\"))'; kill @VICTIM@",
    )
    .sandbox("engine = \"off\"\nallow_root = true\n");
    let scene = Scene::play(&attack);
    let seen = scene.general().join("\n");
    for one in [
        "a secret is in",
        "hooks/pre-commit is new",
        "out/canary was",
        "repo/README was",
        "the TCP port was reached",
        "the UDP port was reached",
        "agent.sock",
        "the stand-in process was hurt",
    ] {
        assert!(seen.contains(one), "`{one}` is not in\n{seen}");
    }
}
