//! What agents and gates reach over the network: gates nothing, agents everything or what is listed.

use std::{io::Write as _, net::TcpListener, thread};

use crate::bed::Bed;

/// A server on loopback that greets whoever connects.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(b"hello from outside\n").ok();
            // Until the other end closes.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        }
    });
    port
}

/// Connects straight and says what came of it.
fn straight(port: u16) -> String {
    format!(
        "bash -c '(exec 3<>/dev/tcp/127.0.0.1/{port} && head -n 1 <&3) 2>/dev/null || echo closed'"
    )
}

/// Asks the proxy for a host and says what came of it.
fn by_proxy(host: &str) -> String {
    format!(
        r#"bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128; printf "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n" >&3; timeout 10 sed -n "/HTTP/p;/hello/{{p;q}};/hosts/p" <&3'"#
    )
}

#[test]
fn a_gate_has_no_network_unless_it_is_given_one() {
    for (network, said) in [("", "closed"), ("network = true\n", "hello from outside")] {
        let port = server();
        let bed = Bed::with_stories();
        bed.configure_gate(&format!("{} | tee seen.txt", straight(port)), "");
        let config = bed.read("nightshift.toml");
        bed.write(
            "nightshift.toml",
            &config.replace("[gate]\n", &format!("[gate]\n{network}")),
        );
        bed.story("a", "- write: {path: a.txt, text: a}");
        bed.night().code(0);
        let log = bed.read(&format!(
            ".nightshift/nights/{}/a/attempt-1/gate.log",
            bed.report()["night"].as_str().unwrap()
        ));
        assert!(log.contains(said), "{log}");
    }
}

#[test]
fn an_agent_with_a_list_reaches_the_hosts_on_it_and_no_others() {
    let port = server();
    let bed = Bed::with_stories();
    bed.story(
        "a",
        &format!(
            "- sh: {:?}\n- sh: {:?}\n- sh: {:?}\n- sh: {:?}",
            format!("{} > straight.txt", straight(port)),
            format!("{} > listed.txt", by_proxy(&format!("127.0.0.1:{port}"))),
            format!("{} > other.txt", by_proxy("example.org:443")),
            format!("{} > metadata.txt", by_proxy("169.254.169.254:80")),
        ),
    );
    let config = bed.read("nightshift.toml");
    bed.write(
        "nightshift.toml",
        &config.replace(
            "[sandbox]\n",
            &format!("[sandbox]\nnetwork = \"allow\"\nhosts = [\"127.0.0.1:{port}\"]\n"),
        ),
    );
    bed.commit("a list");
    bed.night().code(0);
    let landed = |name: &str| {
        let night = bed.report()["night"].as_str().unwrap().to_owned();
        bed.git(&["show", &format!("nightshift/{night}:{name}")])
    };
    assert_eq!(landed("straight.txt").trim(), "closed");
    let listed = landed("listed.txt");
    assert!(
        listed.contains(" 200 ") && listed.contains("hello from outside"),
        "{listed}"
    );
    assert!(landed("other.txt").contains(" 403 "));
    assert!(landed("metadata.txt").contains(" 403 "));
    let report = bed.nightshift(&["report"]).out;
    for host in [
        "example.org:443",
        "169.254.169.254:80",
        &format!("127.0.0.1:{port}"),
    ] {
        assert!(report.contains(host), "{host} is not in\n{report}");
    }
}

#[test]
fn a_host_that_is_none_is_a_refusal_before_the_night() {
    let bed = Bed::with_stories();
    let config = bed.read("nightshift.toml");
    bed.write(
        "nightshift.toml",
        &config.replace(
            "[sandbox]\n",
            "[sandbox]\nnetwork = \"allow\"\nhosts = [\"10.0.0.1\"]\n",
        ),
    );
    bed.commit("a list");
    let said = bed.nightshift(&["run"]).code(2);
    assert!(
        said.err.contains("`hosts` under `[sandbox]`"),
        "{}",
        said.err
    );
}
