//! The other end of the proxy, inside of a network namespace without a way out.

use std::{io, path::PathBuf, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
    task::JoinSet,
    time::sleep,
};

use super::MOST_CONNECTIONS;

/// Passes every connection that `listener` (on 127.0.0.1, inside) takes on to the proxy's `socket`,
/// as bytes. It does not end by itself; the proxy bounds what a connection may do. A connection for
/// which there is no proxy is closed.
///
/// # Errors
/// The listener cannot be made asynchronous.
pub(crate) async fn forward(listener: std::net::TcpListener, socket: PathBuf) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => {
                let Ok((mut client, _)) = accepted else {
                    // Out of file descriptors, say: some are free later.
                    sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let socket = socket.clone();
                connections.spawn(async move {
                    client.set_nodelay(true)?;
                    let mut proxy = UnixStream::connect(&socket).await?;
                    copy_bidirectional(&mut client, &mut proxy).await
                });
            }
            // How a connection ended, both of its ends have seen.
            Some(_) = connections.join_next() => {}
        }
    }
}
