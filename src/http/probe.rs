//! Checks the way to a host step by step, for `doctor`: its name, then a connection. It sends nothing.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use url::Url;

use super::transport_error::TransportError;
use crate::error::{Result, reason};

/// Finds the addresses of a URL's host.
pub async fn addresses(url: &Url, limit: Duration) -> Result<Vec<SocketAddr>> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let name = host.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    // The system's resolver cannot be stopped; on a thread of its own it blocks nothing.
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // After the time limit the receiver is gone.
        let _ = answer.send(found);
    });
    let found = match timeout(limit, answered).await {
        Err(_) | Ok(Err(_)) => return Err(TransportError::Timeout.into_error(&host)),
        Ok(Ok(found)) => found,
    };
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TransportError::Connect("the name has no address".to_owned()).into_error(&host)),
        Err(error) => Err(TransportError::Connect(reason(&error)).into_error(&host)),
    }
}

/// Connects to the first of the addresses that accepts, and hangs up.
pub async fn connect(url: &Url, addresses: &[SocketAddr], limit: Duration) -> Result<SocketAddr> {
    let host = url.host_str().unwrap_or_default();
    let any = async {
        let mut last = io::Error::other("no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(_) => return Ok(*address),
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    match timeout(limit, any).await {
        Ok(Ok(address)) => Ok(address),
        Ok(Err(error)) => Err(TransportError::Connect(reason(&error)).into_error(host)),
        Err(_) => Err(TransportError::Timeout.into_error(host)),
    }
}
