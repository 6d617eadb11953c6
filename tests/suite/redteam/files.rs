//! Attacks by what lies in the bench when the agent has ended: links, special files, names, sizes.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{
    attack::{Attack, play},
    scene::Scene,
};

/// Nothing in report and status moves a cursor or forges a line.
pub(super) fn report_is_plain(scene: &Scene) -> Result<(), String> {
    for verb in ["report", "status", "log"] {
        let text = scene.bed.nightshift(&[verb]).out;
        let is_bad = |c: char| {
            (c.is_control() && c != '\n' && c != '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
        };
        if let Some(bad) = text.chars().find(|c| is_bad(*c)) {
            return Err(format!("{bad:?} is in {verb}"));
        }
    }
    // As whoever renders it would: no HTML, no link, no heading of the agent's.
    let report = scene.bed.nightshift(&["report"]).out;
    let mut in_heading = false;
    for event in Parser::new_ext(&report, Options::all()) {
        match event {
            Event::Start(Tag::Heading { .. }) => in_heading = true,
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(text) if in_heading && text.contains("Forged") => {
                return Err(format!("a heading is forged:\n{report}"));
            }
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                return Err(format!("{event:?} is in\n{report}"));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        "links to the user's key and to a password file",
        "ln -s @HOME@/.ssh/id_ed25519 key; ln -s /etc/shadow shadow",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "links that climb out of the tree",
        "ln -s ../../../../../.ssh ssh; mkdir -p a/b; ln -s ../../../.. a/b/up; ln -s / root",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "a link in the place of a tracked folder",
        "rm -rf src; ln -s @OUT@ src",
    )
    .files(&[("src/canary", "the project's\n"), ("src/more", "the project's\n")])
    .comes_to("done|parked")
    .next("cat src/canary > ~/shared/loot/found"),
    Attack::new(
        "a link in the place of a tracked file, written through by what comes after",
        "rm README; ln -s @OUT@/canary README; rm .gitignore; ln -s @OUT@/canary .gitignore",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "a second name (hard link) for the user's files",
        "ln @OUT@/canary hard; ln @REPO@/README hard2; ln @HOME@/.local/bin/tool hard3; ln @HOME@/agents/a hard4; for f in hard*; do echo x >> $f; done; rm -f hard*",
    ),
    Attack::new(
        "a second name for a file that the runner writes",
        "ln $NIGHTSHIFT_SAY say; ln .git/index index2; ln .git/config config2; echo x >> config2; rm -f say index2 config2",
    )
    .next("true"),
    Attack::new(
        "a swap of folder and link that goes on after its end",
        "mkdir d; echo x > d/canary; setsid sh -c 'while :; do mv d e; ln -s @OUT@ d; rm d; mv e d; done' > /dev/null 2>&1 & sleep 0.05",
    )
    .comes_to("done|parked")
    .told(&["survivors"])
    .next("true"),
    Attack::new(
        "a pipe, a socket and a device in the tree",
        "mkfifo pipe; perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(\"socket\"))'; mknod null c 1 3; mknod disk b 8 0; true",
    )
    .next("true"),
    Attack::new(
        "a pipe where ignore rules are read",
        "mkdir sub; mkfifo sub/.gitignore",
    )
    .comes_to("parked")
    .told(&["sub/.gitignore"])
    .next("true"),
    Attack::new(
        "a pipe where attributes are read",
        "rm -f .gitattributes; mkfifo .gitattributes",
    )
    .comes_to("parked")
    .told(&[".gitattributes"])
    .next("true"),
    Attack::new(
        "a pipe in the place of what it says",
        "rm -f $NIGHTSHIFT_SAY; mkfifo $NIGHTSHIFT_SAY; mkfifo x; mv -f x $NIGHTSHIFT_SAY; ln -sf @OUT@/canary $NIGHTSHIFT_SAY; rm -f x",
    ),
    Attack::new(
        "pipes in the place of the report and of the evidence",
        "for f in night-report.md night-report.json a/attempt-1/outcome.json a/attempt-1/diff.patch; do for n in @REPO@/.nightshift/nights/*; do mkfifo $n/$f; done; done; mkfifo @REPO@/.nightshift/heartbeat; d=$(dirname $NIGHTSHIFT_SAY); mkfifo $d/outcome.json $d/diff.patch $d/gate.log; true",
    ),
    Attack::new(
        "names with newlines, escapes, dashes, quotes and bytes that are no text",
        "touch -- \"$(printf 'a\\n# Forged\\nb')\" \"$(printf '\\033]0;x\\007\\033[2J')\" -rf --help \"\\\"'\" \"$(printf '\\377\\376')\" '<img src=x>' '$(touch ran)' '[x](http://x)'; touch \"$(printf 'a\\342\\200\\256txt.exe')\"",
    )
    .look(report_is_plain),
    Attack::new(
        "a name that differs from a tracked one by case only",
        "echo x > readme; echo x > ReadMe",
    )
    .comes_to("done|parked")
    .look(report_is_plain),
    Attack::new(
        "names that git takes for its own on other systems",
        "mkdir -p .GIT x/.Git; echo '[core]' > .GIT/config; echo x > x/.Git/config",
    )
    .comes_to("parked")
    .told(&[".GIT"]),
    Attack::new(
        "folders below each other, deeper than a path may be long",
        "perl -e 'for (1..400) { mkdir \"a\" x 20; chdir \"a\" x 20 } open F, \">\", \"f\"; print F \"x\"'",
    )
    .comes_to("parked")
    .told(&["aaaaaaaaaaaaaaaaaaaa"])
    .next("true"),
    Attack::new(
        "thousands of files",
        "mkdir many; perl -e 'for (1..4000) { open F, \">\", \"many/$_\" or die }'",
    )
    .next("true"),
    Attack::new(
        "programs that run as their owner in what lands",
        "cp /bin/true t; chmod 6777 t",
    )
    .look(|scene| {
        let tree = scene.bed.git(&["ls-tree", &scene.bed.branch(), "t"]);
        tree.starts_with("100755 ").then_some(()).ok_or(tree)
    }),
    Attack::new(
        "names that git does not take, because others would read them as `.git`",
        "mkdir sub; echo x > 'sub/git~1'; echo x > '.git '; mkdir .git.; echo x > .git./config; true",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "files in the folder of the user's own submodule",
        "mkdir -p vendor/own; echo x > vendor/own/f; git init -q vendor/own/.",
    )
    .submodule()
    .comes_to("parked")
    .told(&["vendor/own"])
    .next("true"),
    Attack::new(
        "a mode that nobody can read or enter",
        "mkdir locked; echo x > locked/f; chmod 000 locked/f locked; echo x > closed; chmod 000 closed README",
    )
    .comes_to("done|parked|failed|blocked")
    .next("cat README"),
    Attack::new(
        "rules that hide its own work from git",
        "echo '*' > .gitignore; echo x > hidden; echo '*' > .git/info/exclude; git config core.excludesFile $PWD/.gitignore",
    )
    .comes_to("done|parked")
    .next("printf '/build/\\n' > .gitignore"),
    Attack::new(
        "its bench moved away, with a link in its place",
        "d=$PWD; cd /; rm -rf $d; mv $d $d.old; ln -s @OUT@ $d; ln -s @OUT@ @ROOMS@/x; rm -rf $d/* $d/.[!.]*; mkdir -p $d; cd $d",
    )
    .comes_to("done|failed|parked")
    .next("true"),
];

#[test]
fn what_lies_in_the_bench_harms_nobody() {
    play(ATTACKS);
}
