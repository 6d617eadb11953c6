//! The only way out of a network namespace without one: our own CONNECT proxy with a list of hosts.
//!
//! It listens on a unix socket, which reaches into the namespace as a file; [`forward`] is its other
//! end in there. What is asked for must be a name on the [`HostList`] (`host` says what a name is);
//! it is resolved here, once, and the connection goes to the very address that was judged to be
//! public (`public`). Every host is listed with what went there ([`Seen`]).
//!
//! A list says who is reached, not what is said: whoever can upload to a listed host can upload
//! there from inside, too.

mod forward;
mod host;
mod list;
mod outside;
mod public;
mod relay;
mod request;
mod seen;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use self::{
    list::{Refusal, Way},
    outside::{Outside, System},
    request::{BadRequest, Request},
};
use crate::layout::{PathContext, PathError};

pub(super) use self::forward::forward;
pub use self::{
    host::NoHost,
    list::{HostError, HostList, WhyNot},
    seen::{HostUse, Seen, Use},
};

/// How many connections are served at the same time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 256;

/// How many bytes the head of a request may have.
const LONGEST_HEAD: usize = 8 * 1024;

/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 8;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Until the head of a request is there.
    head: Duration,
    /// Until a name is resolved, and then until the connection is open.
    open: Duration,
    /// Without a byte in either direction.
    idle: Duration,
}

const LIMITS: Limits = Limits {
    head: Duration::from_secs(10),
    open: Duration::from_secs(20),
    idle: Duration::from_secs(600),
};

/// A proxy at work. Dropping it ends it, with all of its connections, and removes its socket.
#[derive(Debug)]
pub struct Proxy {
    socket: PathBuf,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts to serve on a new unix socket at `socket` (its folder must be there; a socket that a
    /// dead process left is replaced). Must be called on a tokio runtime with I/O and time.
    ///
    /// A name that is being looked up holds a thread of the runtime, and so its end, until the
    /// system's resolver gives up.
    ///
    /// # Errors
    /// The socket cannot be made; its path may have 107 bytes.
    pub fn start(socket: &Path, hosts: HostList) -> Result<Self, PathError> {
        Self::start_in(System::new(), LIMITS, socket, hosts)
    }

    fn start_in(
        outside: impl Outside,
        limits: Limits,
        socket: &Path,
        hosts: HostList,
    ) -> Result<Self, PathError> {
        if fs::symlink_metadata(socket).is_ok_and(|about| about.file_type().is_socket()) {
            fs::remove_file(socket).at("remove the old socket", socket)?;
        }
        let listener = UnixListener::bind(socket).at("make the socket", socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))
            .at("set the permissions of", socket)?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let office = Arc::new(Office {
            hosts,
            outside,
            limits,
            seen: Arc::clone(&seen),
        });
        Ok(Self {
            socket: socket.to_owned(),
            seen,
            task: tokio::spawn(accept(listener, office)),
        })
    }

    /// Returns which hosts were asked for so far, and how much went there.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        // A socket that is gone already was to be removed anyway.
        drop(fs::remove_file(&self.socket));
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: UnixListener, office: Arc<Office<impl Outside>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((client, _)) => {
                    let office = Arc::clone(&office);
                    connections.spawn(async move { office.serve(client).await });
                }
                // Out of file descriptors, say: some are free later.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// An answer other than the one that was hoped for.
#[derive(Debug)]
struct Answer {
    status: &'static str,
    sentence: String,
}

fn answer(status: &'static str, sentence: impl Into<String>) -> Answer {
    let sentence = sentence.into();
    Answer { status, sentence }
}

/// What all connections share.
#[derive(Debug)]
struct Office<World> {
    hosts: HostList,
    outside: World,
    limits: Limits,
    seen: Arc<Mutex<Seen>>,
}

impl<World: Outside> Office<World> {
    async fn serve(&self, mut client: UnixStream) {
        let head = match timeout(self.limits.head, read_head(&mut client)).await {
            Ok(Ok(head)) => head,
            Ok(Err(HeadError::Gone)) => return,
            Ok(Err(HeadError::TooLong)) => {
                lock(&self.seen).unreadable += 1;
                let too_long = format!("the head of a request has at most {LONGEST_HEAD} bytes");
                let status = "431 Request Header Fields Too Large";
                return decline(client, answer(status, too_long)).await;
            }
            Err(_) => {
                lock(&self.seen).unreadable += 1;
                let slow = answer("408 Request Timeout", "the request did not come in time");
                return decline(client, slow).await;
            }
        };
        let request = match request::read(&head.bytes) {
            Ok(request) => request,
            Err(error) => return decline(client, self.bad(&error)).await,
        };
        let host = request.host.to_string();
        let (server, slot) = match self.open(&request, &host).await {
            Ok(open) => open,
            Err(answer) => return decline(client, answer).await,
        };
        let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
        if request.tunnel && client.write_all(established).await.is_err() {
            return;
        }
        let mut first = request.head;
        first.extend(head.early);
        relay::relay(client, server, first, self.limits.idle, |way, bytes| {
            let mut seen = lock(&self.seen);
            let used = seen.used(slot);
            match way {
                relay::Way::Up => used.bytes_up += bytes,
                relay::Way::Down => used.bytes_down += bytes,
            }
        })
        .await;
    }

    fn bad(&self, error: &BadRequest) -> Answer {
        let mut seen = lock(&self.seen);
        let status = if let BadRequest::Host { text, why } = error {
            let slot = seen.slot(text, 0, false);
            seen.used(slot).refused += 1;
            match why {
                NoHost::Disguise => "403 Forbidden",
                NoHost::NoName | NoHost::NoPort => "400 Bad Request",
            }
        } else {
            seen.unreadable += 1;
            "400 Bad Request"
        };
        answer(status, error.to_string())
    }

    /// Opens the connection that is asked for, if it may be.
    async fn open(&self, request: &Request, host: &str) -> Result<(TcpStream, seen::Slot), Answer> {
        let port = request.port;
        let refused = |sentence: String| {
            let mut seen = lock(&self.seen);
            let slot = seen.slot(host, port, false);
            seen.used(slot).refused += 1;
            answer("403 Forbidden", sentence)
        };
        let way = self.hosts.way(&request.host, port);
        let way = way.map_err(|refusal| refused(sentence(&refusal, host, port)))?;
        let slot = lock(&self.seen).slot(host, port, true);
        let failed = |sentence: String| {
            lock(&self.seen).used(slot).failed += 1;
            answer("502 Bad Gateway", sentence)
        };
        let addresses = match way {
            Way::Here(addresses) => addresses,
            Way::Resolve(name) => {
                let found = in_time(self.limits.open, self.outside.resolve(name)).await;
                let found =
                    found.map_err(|error| failed(format!("`{host}` is not found: {error}")))?;
                if let Some(closed) = found.iter().find(|address| !public::is_public(**address)) {
                    return Err(refused(format!(
                        "`{host}` leads to {closed}, which is no address of the open internet; \
                         such addresses are never reached"
                    )));
                }
                let with_port = |address| SocketAddr::new(address, port);
                found.into_iter().map(with_port).collect()
            }
        };
        let opened = in_time(self.limits.open, self.first(addresses)).await;
        let server = opened
            .map_err(|error| failed(format!("`{host}` cannot be reached at {port}: {error}")))?;
        lock(&self.seen).used(slot).connections += 1;
        Ok((server, slot))
    }

    /// Connects to the first of the addresses that takes a connection.
    async fn first(&self, addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
        let mut last = io::Error::other("it has no address");
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            match self.outside.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

async fn in_time<T>(limit: Duration, what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, what)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn sentence(refusal: &Refusal, host: &str, port: u16) -> String {
    match refusal {
        Refusal::Address => {
            format!(
                "`{host}` is an address; addresses are not reached, so ask for the host by name"
            )
        }
        Refusal::Unlisted => format!(
            "`{host}` is not among the hosts that may be reached from here; a human can add it to \
             `hosts` in the [sandbox] table of nightshift.toml"
        ),
        Refusal::Port => format!(
            "`{host}` may be reached, but not at port {port}; a human can add `{host}:{port}` to \
             `hosts` in the [sandbox] table of nightshift.toml"
        ),
    }
}

/// The head of a request, and what came with it.
#[derive(Debug)]
struct Head {
    bytes: Vec<u8>,
    early: Vec<u8>,
}

#[derive(Debug)]
enum HeadError {
    /// The client is gone, or its connection broke.
    Gone,
    TooLong,
}

async fn read_head(client: &mut UnixStream) -> Result<Head, HeadError> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(length) = request::head_length(&bytes).filter(|end| *end <= LONGEST_HEAD) {
            let early = bytes.split_off(length);
            return Ok(Head { bytes, early });
        }
        if bytes.len() >= LONGEST_HEAD {
            return Err(HeadError::TooLong);
        }
        match client.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return Err(HeadError::Gone),
            Ok(_) => {}
        }
    }
}

/// Says no, and waits a moment for the client to have read it: a connection that is closed with
/// bytes unread is reset, and the answer lost.
async fn decline(mut client: UnixStream, answer: Answer) {
    let Answer { status, sentence } = answer;
    let body = format!("nightshift: {sentence}\n");
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        client.write_all(text.as_bytes()).await?;
        client.shutdown().await?;
        let mut rest = client.take(64 * 1024);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whoever does not listen to the end was told enough.
    drop(timeout(Duration::from_secs(1), told).await);
}
