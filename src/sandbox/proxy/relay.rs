//! Bytes in both directions, until both have ended or nothing has moved for too long.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::{Instant, sleep_until},
};

/// How many bytes are passed on at once.
const CHUNK: usize = 16 * 1024;

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// Passes bytes on: `first` to the server, then everything, and an end in one direction as such.
/// Returns when both directions have ended, one broke, or nothing has moved for `idle`. `moved` is
/// told of what has been passed on.
pub(super) async fn relay(
    mut client: UnixStream,
    mut server: TcpStream,
    first: Vec<u8>,
    idle: Duration,
    moved: impl Fn(Way, u64) + Sync,
) {
    let start = Instant::now();
    let last = AtomicU64::new(0);
    let told = |way, bytes| {
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        last.store(now, Ordering::Relaxed);
        moved(way, bytes);
    };
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    let both = async {
        tokio::try_join!(
            pump(client_reads, server_writes, first, |bytes| told(
                Way::Up,
                bytes
            )),
            pump(server_reads, client_writes, Vec::new(), |bytes| told(
                Way::Down,
                bytes
            )),
        )
    };
    let idles = async {
        loop {
            let due = start + Duration::from_millis(last.load(Ordering::Relaxed)) + idle;
            if Instant::now() >= due {
                return;
            }
            sleep_until(due).await;
        }
    };
    tokio::select! {
        // How it ended concerns the two ends, who both see it.
        _ = both => {}
        () = idles => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    first: Vec<u8>,
    moved: impl Fn(u64),
) -> io::Result<()> {
    let mut chunk = first;
    let mut length = chunk.len();
    if length == 0 {
        chunk.resize(CHUNK, 0);
        length = from.read(&mut chunk).await?;
    }
    while length > 0 {
        to.write_all(chunk.get(..length).unwrap_or_default())
            .await?;
        moved(length as u64);
        chunk.resize(CHUNK, 0);
        length = from.read(&mut chunk).await?;
    }
    to.shutdown().await
}
