//! What is not prevented. Each has its paragraph in `docs/security.md`, and each is tried here, so
//! that the page stays true: when one of these fails, something was closed, and the page changes.

use super::{
    attack::{Attack, play},
    scene::Scene,
};

fn holds(is: bool, what: &str) -> Result<(), String> {
    is.then_some(())
        .ok_or_else(|| format!("no longer open: {what}"))
}

fn found_is(scene: &Scene, expected: &str) -> Result<(), String> {
    holds(scene.loot("found").contains(expected), expected)
}

pub(super) const OPEN: &[Attack] = &[
    Attack::new(
        "an agent without a list of hosts reaches the network, loopback included",
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/@TCP@ && echo reached' > ~/shared/loot/found",
    )
    .look(|scene| {
        // Taken, so that what holds for all does not find it.
        holds(scene.tcp.accept().is_ok(), "the port was reached")?;
        found_is(scene, "reached")
    }),
    Attack::new(
        "all objects of the user's repository can be read, those of other branches and stashes too",
        "git cat-file --batch-all-objects --batch-check='%(objectname) %(objecttype)' | grep blob | while read h t; do git cat-file blob $h; done > ~/shared/loot/found",
    )
    .look(|scene| found_is(scene, "[harness.sh]")),
    Attack::new(
        "files of the system outside of the home can be read",
        "cat /etc/passwd > ~/shared/loot/found",
    )
    .look(|scene| found_is(scene, "root:")),
    Attack::new(
        "what git ignores stays in the bench for the next agent",
        "mkdir -p build; echo word > build/word",
    )
    .next("cat build/word > ~/shared/loot/found")
    .look(|scene| found_is(scene, "word")),
    Attack::new(
        "code that a gate runs may leave ignored files in the gate room for the next gate",
        "echo 'cat build/word > ~/shared/loot/found; mkdir -p build; echo word > build/word; true' > build.sh",
    )
    .gate("run = \"sh build.sh\"\n")
    .files(&[("build.sh", "true\n")])
    .next("true")
    .look(|scene| found_is(scene, "word")),
    Attack::new(
        "a gate is only as strict as what it runs: code under test that nobody protects may say yes",
        "echo 'exit 0' > build.sh",
    )
    .gate("run = \"sh build.sh\"\n")
    .files(&[("build.sh", "! [ -e never ]\n")])
    .look(|scene| holds(scene.bed.landed().len() == 1, "it landed")),
    Attack::new(
        "code under test may trace the gate's own shell and end it as it likes",
        "echo 'exec perl -e \"syscall(101, 16, getppid, 0, 0) == 0 and print q(traced); waitpid(getppid, 0x40000000); syscall(101, 17, getppid, 0, 0)\" > ~/shared/loot/found' > build.sh",
    )
    .gate("run = \"sh build.sh; true\"\n")
    .files(&[("build.sh", "true\n")])
    .look(|scene| found_is(scene, "traced")),
    Attack::new(
        "tool calls are judged only where the agent's program asks",
        "git push --force origin main",
    )
    .look(|scene| holds(scene.events("ended")[0]["session"]["tools"].is_null(), "it was judged")),
    Attack::new(
        "an agent that says that its provider is at its limit makes the night wait, or end",
        "echo '{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Rate limited. Try again in 30 hours.\"}}'; echo a >> ~/shared/tried; exit 1",
    )
    .comes_to("skipped|blocked")
    .look(|_| Ok(())),
];

#[test]
fn what_is_said_to_be_open_is_open() {
    play(OPEN);
}
