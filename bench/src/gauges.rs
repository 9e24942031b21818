//! What Bellgate says of itself at its admin address.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::candidate::Candidate;
use crate::process::{Server, free};
use crate::wire::polling::answer;

/// The admin address of a server.
pub struct Gauges(SocketAddr);

impl Gauges {
    /// Starts a server that has an admin address.
    pub fn start(candidate: &Candidate) -> io::Result<(Server, Self)> {
        let admin = free()?;
        let server = Server::start_with(candidate, &[format!("BELLGATE_ADMIN_ADDR={admin}")])?;
        Ok((server, Self(admin)))
    }

    /// A gauge, summed over its labels.
    pub fn read(&self, name: &str) -> io::Result<f64> {
        let page = self.page()?;
        let values = page.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_it = rest.starts_with('{') || rest.starts_with(' ');
            is_it.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        Ok(values.sum())
    }

    /// Waits until a gauge says this.
    pub fn wait(&self, name: &str, value: f64, within: Duration) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let read = self.read(name)?;
            // Gauges are whole numbers.
            if (read - value).abs() < 0.5 {
                return Ok(());
            }
            if begun.elapsed() > within {
                let text = format!("{name} stays at {read} in place of {value}");
                return Err(io::Error::other(text));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn page(&self) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.0)?;
        let host = self.0;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut read = Vec::new();
        stream.read_to_end(&mut read)?;
        match answer(&read) {
            Some((200, body, _)) => Ok(String::from_utf8_lossy(&body).into_owned()),
            _ => Err(io::Error::other("the server shows no metrics")),
        }
    }
}
