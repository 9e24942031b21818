//! A certificate for the server under test, and clients that trust it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::wire::session::{VISITOR, dial, open};

/// The name that the certificate is for.
const NAME: &str = "localhost";

/// A self-signed certificate and its key, as files that go with this.
pub struct Authority {
    folder: TempDir,
    client: Arc<ClientConfig>,
}

impl Authority {
    /// Makes a key and signs it.
    pub fn new() -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]);
        let made = made.map_err(io::Error::other)?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem())?;
        std::fs::write(
            folder.path().join("key.pem"),
            made.signing_key.serialize_pem(),
        )?;
        let mut roots = RootCertStore::empty();
        roots
            .add(made.cert.der().clone())
            .map_err(io::Error::other)?;
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            folder,
            client: Arc::new(client),
        })
    }

    /// The arguments that have `target` use it.
    pub fn settings(&self) -> Vec<String> {
        let files = [
            ("SOCKETIO_TLS_CERT", "cert.pem"),
            ("SOCKETIO_TLS_KEY", "key.pem"),
        ];
        let path = |file| self.folder.path().join(file).display().to_string();
        files
            .iter()
            .map(|(name, file)| format!("{name}={}", path(file)))
            .collect()
    }

    /// Joins `/` as a visitor over TLS.
    pub fn join(&self, server: SocketAddr) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
        let client = ClientConnection::new(Arc::clone(&self.client), name);
        let mut stream = StreamOwned::new(client.map_err(io::Error::other)?, dial(server)?);
        open(&mut stream, VISITOR)?;
        Ok(stream)
    }
}
