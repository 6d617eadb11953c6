//! The world that the proxy connects to: names and connections.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use tokio::{net::TcpStream, sync::Semaphore};

/// How many names are looked up at the same time. A lookup is a thread, and cannot be taken back.
const MOST_LOOKUPS: usize = 16;

/// Resolves names and opens connections; tests have a world of their own.
pub(super) trait Outside: Send + Sync + 'static {
    /// Returns the addresses of a name.
    fn resolve(&self, name: String) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
    /// Opens a connection to an address.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

/// The real world: the system's resolver and network.
#[derive(Debug)]
pub(super) struct System {
    lookups: Arc<Semaphore>,
}

impl System {
    pub(super) fn new() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(MOST_LOOKUPS)),
        }
    }
}

impl Outside for System {
    async fn resolve(&self, name: String) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.lookups).acquire_owned().await;
        let permit = permit.map_err(io::Error::other)?;
        let looked_up = tokio::task::spawn_blocking(move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(permit);
            found.map(|addresses| addresses.map(|address| address.ip()).collect())
        });
        looked_up.await.map_err(io::Error::other)?
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        // A machine with a public address reaches itself under it: what it serves to itself only
        // is then within reach.
        if !address.ip().is_loopback() && stream.local_addr()?.ip() == address.ip() {
            return Err(io::Error::other("this is an address of this machine"));
        }
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
