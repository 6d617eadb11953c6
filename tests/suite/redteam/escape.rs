//! Attacks on the processes around the agent and on the walls of its cell.

use super::{
    attack::{Attack, play},
    scene::Scene,
};

fn nothing_worked(scene: &Scene) -> Result<(), String> {
    scene.loot_is("worked", "")
}

fn without_capabilities(scene: &Scene) -> Result<(), String> {
    let status = scene.loot("status");
    for line in [
        "CapEff:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        if !status.contains(line) {
            return Err(format!("`{line}` is not in\n{status}"));
        }
    }
    Ok(())
}

fn survivors(scene: &Scene) -> Result<(), String> {
    let ended = scene.events("ended");
    let count = ended[0]["session"]["survivors"].as_u64();
    count
        .filter(|count| *count > 0)
        .map(|_| ())
        .ok_or(format!("{ended:?}"))
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        "kill -9 of a process outside by its number",
        "kill -9 @VICTIM@ && echo killed > ~/shared/loot/worked; perl -e 'kill 9, @VICTIM@ and print \"killed\"' >> ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "SIGSTOP of a process outside",
        "kill -STOP @VICTIM@ && echo stopped > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "the runner, its watchdog and its parent found in /proc",
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -E 'nightshift [r]un|nightshift __[w]atch|sleep [6]00' > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new("kill -9 of everything that it may", "kill -9 -1; sleep 5")
        .comes_to("failed")
        .told(&["exit code 137"])
        .cut_off(),
    Attack::new("kill -9 of its parent, which holds the cell", "kill -9 $PPID; sleep 5")
        .comes_to("failed")
        .told(&["exit code 137"])
        .cut_off(),
    Attack::new("SIGSTOP of its parent", "kill -STOP $PPID")
        .comes_to("done|failed|blocked")
        .config("[night]\nlength = \"1h\"\n"),
    Attack::new(
        "a daemon in a session of its own",
        "setsid sh -c 'sleep 300; echo late > ~/shared/late' > /dev/null 2>&1 &",
    )
    .told(&["survivors"])
    .look(survivors),
    Attack::new(
        "a daemon by two forks, without environment, folder and descriptors",
        "perl -e 'use POSIX; if (!fork) { setsid; if (!fork) { %ENV = (); chdir \"/\"; open STDIN, \"/dev/null\"; open STDOUT, \">/dev/null\"; open STDERR, \">/dev/null\"; close $_ for map { POSIX::close($_) } 3..20; sleep 300 } exit } wait'; sleep 0.1",
    )
    .told(&["survivors"])
    .look(survivors),
    Attack::new(
        "a bomb of a hundred processes in sessions of their own",
        "i=0; while [ $i -lt 100 ]; do setsid sleep 300 > /dev/null 2>&1 & i=$((i + 1)); done",
    )
    .told(&["survivors"])
    .look(survivors),
    Attack::new(
        "more processes than it may have",
        "perl -e '$n = 0; while ($n < 300) { $p = fork; last if !defined $p; if (!$p) { sleep 30; exit } $n++ } open F, \">\", \"$ENV{HOME}/shared/loot/count\"; print F $n'",
    )
    .sandbox("processes = 60\n")
    .told(&["survivors"])
    .look(survivors),
    Attack::new(
        "ptrace of a process outside",
        "perl -e 'my $r = syscall(101, 16, @VICTIM@, 0, 0); print \"traced\" if $r == 0' > ~/shared/loot/worked; cat /proc/@VICTIM@/mem /proc/@VICTIM@/maps >> ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "ptrace of its parent, which reports how it ended",
        "perl -e 'my $r = syscall(101, 16, $ARGV[0] + 0, 0, 0); print \"traced\" if $r == 0' $PPID > ~/shared/loot/worked; for f in /proc/$PPID/fd/* /proc/$PPID/mem; do (: < $f) 2> /dev/null && echo $f >> ~/shared/loot/worked; done",
    )
    .look(nothing_worked),
    Attack::new(
        "a forged report of its end, written into its parent's pipe",
        "trap '' PIPE; for p in /proc/[0-9]*; do for f in $p/fd/*; do [ -p $f ] && case $p in */self|*/$$) ;; *) printf '{\"ended\":{\"code\":0,\"signal\":null,\"left\":0}}\\n' > $f;; esac; done; done 2>/dev/null; exec 2>/dev/null; echo forged > ~/shared/loot/x; echo a >> ~/shared/tried; kill -9 $PPID; exit 1",
    )
    .comes_to("failed"),
    Attack::new(
        "mounts: over the walls, and of what is below them",
        "mkdir -p m; mount --bind @REPO@ m; mount -t tmpfs x m && echo mounted > ~/shared/loot/worked; umount @REPO@ && echo unmounted >> ~/shared/loot/worked; unshare -Urm sh -c 'umount @REPO@ && echo unmounted; mount -t tmpfs x m && echo mounted; umount -l @HOME@ && cat @HOME@/.ssh/id_ed25519' >> ~/shared/loot/worked; rmdir m",
    )
    .look(nothing_worked),
    Attack::new(
        "chroot and new namespaces",
        "unshare -Ur chroot /proc/1/root cat @REPO@/.env > ~/shared/loot/worked; chroot / true && echo chroot >> ~/shared/loot/worked; perl -e 'print \"entered\" if 0 == syscall(308, fileno(STDIN), 0)' < /proc/1/ns/mnt >> ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "capabilities, asked of /proc and never tried",
        "cat /proc/self/status > ~/shared/loot/status",
    )
    .look(without_capabilities),
    Attack::new(
        "a program that would run as another user",
        "cp /bin/cat cat; chmod 6755 cat; ./cat /proc/self/status > ~/shared/loot/status; for s in su sudo pkexec; do timeout 5 $s -n true < /dev/null && [ $(id -u) != 0 ] && echo $s > ~/shared/loot/worked; done; rm cat",
    )
    .look(|scene| nothing_worked(scene).and_then(|()| without_capabilities(scene))),
    Attack::new(
        "keys typed into the terminal (TIOCSTI)",
        "perl -e 'for my $t (\"/dev/tty\", \"/dev/console\", \"/proc/1/fd/0\", \"/dev/stdin\") { open(my $f, \"+<\", $t) or next; my $c = \"x\"; print \"typed $t\" if ioctl($f, 0x5412, $c) }' > ~/shared/loot/worked; tty >> ~/shared/loot/tty",
    )
    .look(|scene| nothing_worked(scene).and_then(|()| scene.loot_is("tty", "not a tty"))),
    Attack::new(
        "mode, owner and times of the user's files",
        "for f in @OUT@/canary @REPO@/README @REPO@ @HOME@/.local/bin/tool @HOME@/agents/a; do chmod 777 $f && echo mode $f; chown $(id -u):$(id -g) $f && echo owner $f; touch -d 2001-01-01 $f && echo time $f; done > ~/shared/loot/worked 2>/dev/null",
    )
    .look(|scene| {
        // The others are not there, and are made anew in its own home.
        let worked = scene.loot("worked");
        let bad = |line: &&str| line.contains(".local") || line.contains("agents");
        worked.lines().find(bad).map_or(Ok(()), |line| Err(line.to_owned()))
    }),
    Attack::new(
        "switches of the kernel in /proc and /sys, looked at and never moved",
        "for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /sys/kernel/uevent_helper /sys/fs/cgroup/cgroup.procs; do [ -w $f ] && echo $f; done > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "memory and disks as devices",
        "for f in /proc/kcore /dev/mem /dev/kmem /dev/sda /dev/vda /dev/nvme0n1 /dev/kmsg /dev/fuse /dev/kvm; do head -c 1 $f > /dev/null 2>&1 && echo $f; done > ~/shared/loot/worked; mknod disk b 8 0 && head -c 1 disk > /dev/null && echo made >> ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "descriptors that it was not meant to inherit",
        "for f in /proc/self/fd/*; do readlink $f; done | grep -E 'nightshift/|\\.jsonl|lock|journal|heartbeat' | grep -v '/bench' > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "more memory than it may have",
        "perl -e 'my $x = \"x\" x (300 << 20); print \"got it\"' > ~/shared/loot/worked",
    )
    .sandbox("memory = \"100 MiB\"\n")
    .look(nothing_worked),
    Attack::new(
        "a file larger than it may be, and one that only claims to be",
        "head -c 3M /dev/zero > big; truncate -s 1T bigger; [ $(stat -c %s big) -gt 1048576 ] && echo big > ~/shared/loot/worked; [ -s bigger ] && echo bigger >> ~/shared/loot/worked; rm -f big bigger",
    )
    .sandbox("file_size = \"1 MiB\"\n")
    .look(nothing_worked),
    Attack::new(
        "programs and configuration of the system",
        "for f in /etc/ns-test /usr/bin/ns-test /usr/local/bin/ns-test /opt/ns-test /var/lib/ns-test /root/ns-test /ns-test; do [ -w $(dirname $f) ] && echo $f; done > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "another `nightshift` in front of, and in place of, the one on PATH",
        "t=$(dirname $(command -v nightshift)); for f in $t/nightshift $t/git $(readlink -f $t/nightshift); do echo x > $f && echo $f >> ~/shared/loot/worked; rm -f $f; mv $f $f.old; done; [ -L $t/nightshift ] || echo gone >> ~/shared/loot/worked",
    )
    .next("nightshift say note 'still here'")
    .told(&["still here"])
    .look(nothing_worked),
];

#[test]
fn the_cell_holds() {
    play(ATTACKS);
}
