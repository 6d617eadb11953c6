//! The proxy with real sockets and a world of its own: a resolver that says what a test wants, and
//! connections that all lead to one server on this machine.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

use super::*;

/// A server that sends back what it gets, each end of a stream included.
struct Echo {
    at: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut reads, mut writes) = stream.split();
                    tokio::io::copy(&mut reads, &mut writes).await.ok();
                    writes.shutdown().await.ok();
                });
            }
        });
        Self { at, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A world with one server, in which every lookup of a name gives the next of its answers.
struct World {
    server: SocketAddr,
    answers: Mutex<Vec<Vec<&'static str>>>,
    connected: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Outside for World {
    async fn resolve(&self, _name: String) -> io::Result<Vec<std::net::IpAddr>> {
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() {
            return Err(io::Error::other("no such name"));
        }
        let next = answers.remove(0);
        Ok(next.iter().map(|one| one.parse().unwrap()).collect())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.connected.lock().unwrap().push(address);
        if address.port() == 1 {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        TcpStream::connect(self.server).await
    }
}

/// A proxy with its world.
struct Bed {
    folder: tempfile::TempDir,
    echo: Echo,
    proxy: Proxy,
    connected: Arc<Mutex<Vec<SocketAddr>>>,
}

const BRIEF: Limits = Limits {
    head: Duration::from_millis(300),
    open: Duration::from_secs(5),
    idle: Duration::from_millis(300),
};

const PATIENT: Limits = Limits {
    head: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    ..BRIEF
};

impl Bed {
    async fn with(hosts: &[&str], answers: &[&[&'static str]], limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let echo = Echo::start().await;
        let connected = Arc::default();
        let world = World {
            server: echo.at,
            answers: Mutex::new(answers.iter().map(|answer| answer.to_vec()).collect()),
            connected: Arc::clone(&connected),
        };
        let hosts = HostList::parse(hosts).unwrap();
        let socket = folder.path().join("proxy");
        let proxy = Proxy::start_in(world, limits, &socket, hosts).unwrap();
        Self {
            folder,
            echo,
            proxy,
            connected,
        }
    }

    async fn patient(hosts: &[&str], answers: &[&[&'static str]]) -> Self {
        Self::with(hosts, answers, PATIENT).await
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("proxy")
    }

    async fn client(&self) -> UnixStream {
        UnixStream::connect(self.socket()).await.unwrap()
    }

    /// Sends a text and returns everything that comes back until the end.
    async fn ask(&self, text: &str) -> String {
        let mut client = self.client().await;
        client.write_all(text.as_bytes()).await.unwrap();
        rest(&mut client).await
    }

    /// Returns status code and body of the answer to `CONNECT`.
    async fn connect(&self, authority: &str) -> (String, String) {
        let mut client = self.client().await;
        let head = format!("CONNECT {authority} HTTP/1.1\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let answer = rest(&mut client).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        (status.to_owned(), body.to_owned())
    }

    fn host(&self, host: &str) -> Use {
        let seen = self.proxy.seen();
        let one = seen.hosts.into_iter().find(|one| one.host == host);
        one.unwrap_or_else(|| panic!("{host} was not seen")).used
    }

    /// Waits until what was seen is as expected: a relay ends after its client has seen the end.
    async fn until(&self, seen: impl Fn(&Seen) -> bool) {
        for _ in 0..200 {
            if seen(&self.proxy.seen()) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.proxy.seen());
    }
}

async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Opens a tunnel and returns once it is open.
async fn tunnel<Stream: AsyncRead + AsyncWrite + Unpin>(mut client: Stream, to: &str) -> Stream {
    let head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(exactly(&mut client, OPEN.len()).await, OPEN);
    client
}

async fn exactly(stream: &mut (impl AsyncRead + Unpin), length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_listed_host_is_reached_and_counted_with_both_halves() {
    let bed = Bed::patient(&["*.example.org"], &[&["93.184.216.34"]]).await;
    let mut client = tunnel(bed.client().await, "API.example.org:443").await;
    client.write_all(b"ping").await.unwrap();
    assert_eq!(exactly(&mut client, 4).await, "ping");
    // The client has nothing more to say, and still hears the rest.
    client.write_all(b" and the rest").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, " and the rest");
    assert_eq!(
        *bed.connected.lock().unwrap(),
        ["93.184.216.34:443".parse().unwrap()]
    );
    bed.until(|seen| seen.hosts[0].used.bytes_down == 17).await;
    assert_eq!(
        serde_json::to_value(bed.proxy.seen()).unwrap()["hosts"],
        serde_json::json!([{
            "host": "api.example.org", "port": 443, "connections": 1, "failed": 0, "refused": 0,
            "bytes_up": 17, "bytes_down": 17,
        }])
    );
}

#[tokio::test]
async fn what_is_sent_before_the_tunnel_is_open_is_not_lost() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"]]).await;
    let mut client = bed.client().await;
    client
        .write_all(b"CONNECT a.org:443 HTTP/1.1\r\n\r\nearly")
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, format!("{OPEN}early"));
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_refused_with_what_to_do() {
    let bed = Bed::patient(&["*.npmjs.org", "registry.local:8443"], &[]).await;
    for host in [
        "evilnpmjs.org",
        "npmjs.org.evil.com",
        "npmjs.org",
        "localhost",
        "metadata",
    ] {
        let (status, body) = bed.connect(&format!("{host}:443")).await;
        assert_eq!(status, "403", "{host}");
        let expected = format!(
            "nightshift: `{host}` is not among the hosts that may be reached from here; a human can \
             add it to `hosts` in the [sandbox] table of nightshift.toml\n"
        );
        assert_eq!(body, expected);
        assert_eq!((bed.host(host).refused, bed.host(host).connections), (1, 0));
    }
    let (status, body) = bed.connect("registry.local:22").await;
    assert_eq!(status, "403");
    assert!(body.contains("not at port 22"), "{body}");
    assert!(bed.connected.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_is_refused_however_it_is_written() {
    let bed = Bed::patient(&["*.example.org"], &[]).await;
    for literal in [
        "8.8.8.8",
        "127.0.0.1",
        "127.0.0.1.",
        "169.254.169.254",
        "2130706433",
        "0x7f000001",
        "0",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00:ec2::254]",
        "[::]",
    ] {
        let (status, body) = bed.connect(&format!("{literal}:443")).await;
        assert_eq!(status, "403", "{literal}: {body}");
        assert!(body.contains("address"), "{literal}: {body}");
    }
    let seen = bed.proxy.seen();
    assert_eq!(
        seen.hosts.iter().map(|one| one.used.refused).sum::<u64>(),
        14
    );
    assert!(bed.connected.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_to_a_closed_address_is_refused() {
    let answers: [&[&str]; 6] = [
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["::ffff:127.0.0.1"],
        &["fd00:ec2::254"],
        // One good address makes the other no better.
        &["8.8.8.8", "192.168.1.1"],
        &["64:ff9b::a9fe:a9fe"],
    ];
    let bed = Bed::patient(&["a.org"], &answers).await;
    for answer in answers {
        let (status, body) = bed.connect("a.org:443").await;
        assert_eq!(status, "403", "{answer:?}");
        assert!(
            body.contains(answer[answer.len() - 1]),
            "{answer:?}: {body}"
        );
    }
    assert_eq!(bed.host("a.org").refused, 6);
    assert!(bed.connected.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_is_resolved_once_and_its_next_answer_is_judged_again() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"], &["127.0.0.1"], &["8.8.4.4"]]).await;
    let statuses = [
        bed.connect("a.org:443").await.0,
        bed.connect("a.org:443").await.0,
        bed.connect("a.org:443").await.0,
        bed.connect("a.org:443").await.0,
    ];
    assert_eq!(statuses, ["200", "403", "200", "502"]);
    let connected: Vec<String> = bed
        .connected
        .lock()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(connected, ["8.8.8.8:443", "8.8.4.4:443"]);
}

#[tokio::test]
async fn the_next_address_is_tried_and_a_host_that_cannot_be_reached_is_said() {
    let bed = Bed::patient(&["a.org:1"], &[&["8.8.8.8", "2001:4860:4860::8888"], &[]]).await;
    let (status, body) = bed.connect("a.org:1").await;
    assert_eq!(status, "502");
    assert!(body.contains("cannot be reached at 1"), "{body}");
    assert_eq!(bed.connected.lock().unwrap().len(), 2);
    assert_eq!(bed.connect("a.org:1").await.0, "502");
    assert_eq!(bed.host("a.org").failed, 2);
}

#[tokio::test]
async fn a_second_connect_in_a_tunnel_is_only_bytes() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"]]).await;
    let mut client = tunnel(bed.client().await, "a.org:443").await;
    let relayed = "CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n";
    client.write_all(relayed.as_bytes()).await.unwrap();
    assert_eq!(exactly(&mut client, relayed.len()).await, relayed);
    assert_eq!(bed.connected.lock().unwrap().len(), 1);
    assert_eq!(bed.proxy.seen().hosts.len(), 1);
}

#[tokio::test]
async fn a_plain_request_reaches_a_server_on_this_machine_that_is_listed() {
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("proxy");
    let at = echo.at;
    let hosts = HostList::parse(&[at.to_string(), format!("localhost:{}", at.port())]).unwrap();
    // The real world: no name is looked up for it.
    let proxy = Proxy::start(&socket, hosts).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let mut client = UnixStream::connect(&socket).await.unwrap();
        let head = format!(
            "POST http://{host}:{}/v1 HTTP/1.1\r\nProxy-Authorization: x\r\nContent-Length: 4\r\n\r\nbody",
            at.port()
        );
        client.write_all(head.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(
            rest(&mut client).await,
            format!(
                "POST /v1 HTTP/1.1\r\nHost: {host}:{}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
                at.port()
            )
        );
    }
    assert_eq!(proxy.seen().hosts.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_counted() {
    let bed = Bed::patient(&["a.org"], &[]).await;
    for (text, status) in [
        ("hello\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: a.org\r\n\r\n".to_owned(), "400"),
        (
            "CONNECT a.org:443 HTTP/1.1\r\nHost: b.org\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "CONNECT a.org:443 HTTP/1.1\nX: y\n\n\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!("GET http://a.org/{} HTTP/1.1\r\n\r\n", "x".repeat(9000)),
            "431",
        ),
        ("x".repeat(100_000), "431"),
    ] {
        let mut client = bed.client().await;
        // A client that sends more than is read may lose the rest, never the answer.
        client.write_all(text.as_bytes()).await.ok();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer[9..], status.as_bytes(), "{text:.40}");
    }
    assert_eq!(bed.proxy.seen().unreadable, 6);
    let (status, _) = bed.connect("a\u{1b}[31m.org:443").await;
    assert_eq!(status, "400");
}

#[tokio::test]
async fn a_slow_head_and_an_idle_tunnel_are_ended() {
    let bed = Bed::with(&["a.org"], &[&["8.8.8.8"]], BRIEF).await;
    let slow = bed.ask("CONNECT a.org:443 HTTP/1.1\r\n").await;
    assert!(slow.starts_with("HTTP/1.1 408 "), "{slow}");
    let mut idle = tunnel(bed.client().await, "a.org:443").await;
    assert_eq!(rest(&mut idle).await, "");
}

#[tokio::test]
async fn more_connections_than_are_served_wait_and_no_end_is_left_half_open() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"]]).await;
    let mut crowd = Vec::new();
    for _ in 0..MOST_CONNECTIONS {
        crowd.push(bed.client().await);
    }
    let mut late = bed.client().await;
    late.write_all(b"CONNECT a.org:443 HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let waited = timeout(Duration::from_millis(50), late.read(&mut byte)).await;
    assert!(waited.is_err(), "{waited:?}");
    drop(crowd);
    assert_eq!(exactly(&mut late, OPEN.len()).await, OPEN);
}

#[tokio::test]
async fn a_proxy_that_is_dropped_takes_its_socket_and_connections_along() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"]]).await;
    let mode = fs::metadata(bed.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut client = tunnel(bed.client().await, "a.org:443").await;
    let Bed {
        folder,
        proxy,
        echo: _echo,
        ..
    } = bed;
    drop(proxy);
    assert_eq!(rest(&mut client).await, "");
    let socket = folder.path().join("proxy");
    assert!(!socket.exists());
    // What a dead process left is replaced; what is no socket is not.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    drop(Proxy::start(&socket, HostList::default()).unwrap());
    crate::layout::write(&socket, b"precious").unwrap();
    let error = Proxy::start(&socket, HostList::default()).unwrap_err();
    assert!(error.to_string().contains("proxy"), "{error}");
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");
}

#[tokio::test]
async fn the_other_end_passes_connections_on_as_they_are() {
    let bed = Bed::patient(&["a.org"], &[&["8.8.8.8"]]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let inside = tokio::spawn(forward(listener, bed.socket()));
    let mut client = tunnel(TcpStream::connect(at).await.unwrap(), "a.org:443").await;
    client.write_all(b"through two").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "through two");
    // A refusal arrives whole, though more was sent than was read.
    let mut client = TcpStream::connect(at).await.unwrap();
    let text = format!("CONNECT b.org:443 HTTP/1.1\r\n\r\n{}", "x".repeat(1000));
    client.write_all(text.as_bytes()).await.unwrap();
    let refusal = rest(&mut client).await;
    assert!(refusal.starts_with("HTTP/1.1 403 ") && refusal.ends_with("nightshift.toml\n"));
    drop(bed);
    // Without a proxy there is only an end.
    let mut client = TcpStream::connect(at).await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    inside.abort();
}
