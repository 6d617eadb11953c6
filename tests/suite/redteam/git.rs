//! Attacks by way of git: what an agent may lay out in its own repository for the runner to trip
//! over, and what it may try on the user's.

use super::{
    attack::{Attack, play},
    scene::Scene,
};

/// Lands, and the user's repository is sound.
fn sound(scene: &Scene) -> Result<(), String> {
    let output = scene.bed.command("git").args(["fsck", "--strict"]).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

/// The change that the agent hid from its own git is on the branch.
fn edit_is_seen(scene: &Scene) -> Result<(), String> {
    let readme = scene.landed("README");
    (readme == "hidden\n").then_some(()).ok_or(readme)
}

fn no_ref_of_its(scene: &Scene) -> Result<(), String> {
    let refs = scene.bed.git(&["for-each-ref", "--format=%(refname)"]);
    let is_ours = |name: &&str| {
        name.starts_with("refs/heads/nightshift/")
            || name.starts_with("refs/nightshift/attempts/")
            || *name == "refs/heads/main"
    };
    match refs.lines().find(|name| !is_ours(name)) {
        Some(strange) => Err(format!("there is {strange}")),
        None => sound(scene),
    }
}

fn remote_is_empty(scene: &Scene) -> Result<(), String> {
    let refs = scene
        .bed
        .git(&["--git-dir", "../remote.git", "for-each-ref"]);
    refs.is_empty().then_some(()).ok_or(refs)
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        "`.git` as a pointer to a repository of its own with every kind of command in its settings",
        "traps_file\nrm -rf .git; git init -q --bare ~/shared/own; traps ~/shared/own; echo 'gitdir: @SHARED@/own' > .git",
    )
    .next("true")
    .look(sound),
    Attack::new(
        "fsmonitor, pager, editor, helpers and filters in the settings of the bench",
        "traps_file\ntraps .git",
    )
    .next("true"),
    Attack::new(
        "hooks in the bench's own `.git/hooks`",
        "traps_file\nrm -rf .git/hooks; cp -r ~/shared/hooks .git/hooks",
    )
    .next("true"),
    Attack::new(
        "hooks in the checkout's `.git/hooks`",
        "traps_file\ncp ~/shared/hooks/* @REPO@/.git/hooks/ || mkdir -p @REPO@/.git/hooks; cp ~/shared/evil @REPO@/.git/hooks/post-commit",
    ),
    Attack::new(
        "`core.hooksPath` in the user's global and in the checkout's settings",
        "traps_file\ngit config --global core.hooksPath @SHARED@/hooks; git config -f @HOME@/.gitconfig core.hooksPath @SHARED@/hooks; git config -f @REPO@/.git/config core.hooksPath @SHARED@/hooks",
    ),
    Attack::new(
        "hooks in a template folder and under `~/.config/git`",
        "traps_file\nmkdir -p ~/.config/git/template; cp -r ~/shared/hooks ~/.config/git/template/; printf '[init]\\n\\ttemplateDir = ~/.config/git/template\\n[core]\\n\\thooksPath = @SHARED@/hooks\\n' > ~/.config/git/config",
    )
    .next("true"),
    Attack::new(
        "a filter driver by `.gitattributes`",
        "traps_file\ntraps .git; printf '* filter=evil diff=evil merge=evil\\n' > .gitattributes",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "a submodule whose address is a command",
        "traps_file\nprintf '[submodule \"x\"]\\n\\tpath = vendor/x\\n\\turl = ext::@SHARED@/evil\\n\\tupdate = !@SHARED@/evil\\n' > .gitmodules; mkdir -p vendor/x; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),vendor/x; git add .gitmodules; git commit -qm x",
    )
    .comes_to("done|parked")
    .next("true"),
    Attack::new(
        "a nested repository with commits and hooks",
        "traps_file\nmkdir -p vendor/x; cd vendor/x; git init -q .; traps .git; echo x > payload; git -c core.fsmonitor= -c core.hooksPath=/dev/null -c commit.gpgSign=false -c filter.evil.clean=cat -c filter.evil.process= add payload; cd ../..; rm -f ~/shared/ran",
    )
    .comes_to("parked")
    .told(&["vendor/x"]),
    Attack::new(
        "an edit hidden by assume-unchanged",
        "git update-index --assume-unchanged README; echo hidden > README; git add -A; git commit -qm x",
    )
    .told(&["\"files\":2"])
    .look(edit_is_seen),
    Attack::new(
        "an edit hidden by skip-worktree",
        "git update-index --skip-worktree README; echo hidden > README; git add -A; git commit -qm x",
    )
    .told(&["\"files\":2"])
    .look(edit_is_seen),
    Attack::new(
        "a replacement of the commit that the work stands on",
        "git checkout -q --orphan other; git rm -rqf --cached .; git add a.txt; git commit -qm other; git replace -f $(git rev-parse work) HEAD; git checkout -qf work; echo work > a.txt",
    )
    .next("true")
    .look(no_ref_of_its),
    Attack::new(
        "alternates that lead to objects of its own",
        "git init -q --bare ~/shared/own; echo @SHARED@/own/objects > .git/objects/info/alternates",
    )
    .next("true")
    .look(sound),
    Attack::new(
        "broken objects laid out under the names of those to come",
        "for f in a.txt README; do h=$(git hash-object -t blob $f); d=.git/objects/$(echo $h | cut -c1-2); mkdir -p $d; rm -f $d/$(echo $h | cut -c3-); echo rubbish > $d/$(echo $h | cut -c3-); done",
    )
    .look(sound),
    Attack::new(
        "rubbish written into the user's objects",
        "mkdir -p @REPO@/.git/objects/aa; echo x > @REPO@/.git/objects/aa/$(printf '%038d' 1); cd @REPO@/.git/objects && for f in */*; do chmod u+w $f; echo x > $f; rm -f $f; done; cd - > /dev/null; echo tried > ~/shared/loot/x",
    )
    .look(sound),
    Attack::new(
        "branches, tags, amended and dangling commits in the bench",
        "git add -A; git commit -qm x; git branch main; git tag v9; git commit -q --amend -m y; git branch -f nightshift/other; git update-ref refs/nightshift/attempts/x/a/1 HEAD; git checkout -q --detach",
    )
    .look(no_ref_of_its),
    Attack::new(
        "a push by path to the user's repository",
        "git add -A; git commit -qm x; git push -q @REPO@ HEAD:refs/heads/main; git push -qf @REPO@/.git HEAD:refs/heads/pushed",
    )
    .look(no_ref_of_its),
    Attack::new(
        "a push to a remote on the same disk, by path and by file://",
        "git add -A; git commit -qm x; git push -q @HOME@/remote.git HEAD:refs/heads/x; git push -q file://@HOME@/remote.git HEAD:refs/heads/x",
    )
    .look(remote_is_empty),
    Attack::new(
        "a push over a stand-in for ssh that would write the remote and use the user's key",
        "git add -A; git commit -qm x; printf '#!/bin/sh\\ncat @HOME@/.ssh/id_ed25519 > @SHARED@/loot/key\\nshift; exec sh -c \"$*\"\\n' > ~/shared/ssh; chmod +x ~/shared/ssh; GIT_SSH_COMMAND=@SHARED@/ssh git push -q ssh://host/@HOME@/remote.git HEAD:refs/heads/x",
    )
    .look(remote_is_empty),
    Attack::new(
        "refs, HEAD and index of the user's repository written as files",
        "for f in HEAD index config refs/heads/main packed-refs info/exclude; do echo $(git rev-parse HEAD) > @REPO@/.git/$f; done; echo tried > ~/shared/loot/x",
    )
    .look(no_ref_of_its),
    Attack::new(
        "`.git` as a link to the user's",
        "rm -rf .git; ln -s @REPO@/.git .git",
    )
    .next("true")
    .look(no_ref_of_its),
    Attack::new(
        "links in `.git` where the runner will write",
        "for f in index HEAD config refs/heads/work info/exclude objects/info/alternates; do ln -sf @OUT@/canary .git/$f; done; rm -rf .git/hooks; ln -s @OUT@ .git/hooks; rm -rf .git/refs; ln -s @OUT@ .git/refs",
    )
    .next("true"),
    Attack::new(
        "locks left in its `.git`",
        "for f in index HEAD config refs/heads/work shallow packed-refs; do : > .git/$f.lock; done; chmod -R a-w .git",
    )
    .next("git add -A && git commit -qm x"),
];

#[test]
fn git_is_no_way_out() {
    play(ATTACKS);
}
