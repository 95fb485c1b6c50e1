//! A proxy between a store and the server, which cuts connections around `COMMIT`.
//!
//! It parts what goes through into messages:
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Where the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before `COMMIT` reaches the server.
    Before,
    /// In the middle of `COMMIT`.
    Amid,
    /// As soon as `COMMIT` is sent on.
    Sent,
    /// When the server has said that it has committed, before that reaches the store.
    After,
    /// There too, and the store is told as pgbouncer does that the server is gone.
    Told,
    /// Nowhere, but `COMMIT` and what comes later goes no further.
    Stuck,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Where the next `COMMIT` is cut.
    next: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    /// Begins to pass on connections to `host`.
    pub(crate) fn to(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(Mutex::new(None));
        let (host, plan) = (host.to_owned(), Arc::clone(&next));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(server) = TcpStream::connect(&host) else {
                    continue;
                };
                pass_on(client.unwrap(), server, &plan);
            }
        });
        Self { port, next }
    }

    /// Has the next `COMMIT` be cut.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    /// Returns `true` if the cut has been made.
    pub(crate) fn has_cut(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

fn pass_on(client: TcpStream, server: TcpStream, next: &Arc<Mutex<Option<Cut>>>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let made: Arc<Mutex<Option<Cut>>> = Arc::default();
    let both =
        |one: &TcpStream, other: &TcpStream| (one.try_clone().unwrap(), other.try_clone().unwrap());
    let ((client_in, server_out), (server_in, client_out)) =
        (both(&client, &server), both(&server, &client));
    let (next, cut) = (Arc::clone(next), Arc::clone(&made));
    thread::spawn(move || {
        let _ = to_server(&client_in, &server_out, &next, &cut);
        if !matches!(*cut.lock().unwrap(), Some(Cut::After | Cut::Told)) {
            end(&client_in, &server_out);
        }
    });
    thread::spawn(move || {
        let _ = to_client(&server_in, &client_out, &made);
        end(&server_in, &client_out);
    });
}

fn end(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

fn to_server(
    mut client: &TcpStream,
    mut server: &TcpStream,
    next: &Mutex<Option<Cut>>,
    made: &Mutex<Option<Cut>>,
) -> io::Result<()> {
    // The first message has no type.
    let first = body(client)?;
    server.write_all(&first)?;
    loop {
        let mut kind = [0];
        client.read_exact(&mut kind)?;
        let message = [kind.as_slice(), &body(client)?].concat();
        let commits = matches!(kind, [b'P' | b'Q']) && has(&message, b"COMMIT\0");
        let cut = match commits {
            true => next.lock().unwrap().take(),
            false => None,
        };
        if cut.is_some() {
            *made.lock().unwrap() = cut;
        }
        match cut {
            Some(Cut::Before) => return Ok(()),
            // Until the store gives it up.
            Some(Cut::Stuck) => return io::copy(&mut client, &mut io::sink()).map(drop),
            Some(Cut::Amid) => return server.write_all(&message[..message.len() / 2]),
            Some(Cut::Sent) => {
                server.write_all(&message)?;
                while kind != [b'S'] && kind != [b'Q'] {
                    client.read_exact(&mut kind)?;
                    server.write_all(&[kind.as_slice(), &body(client)?].concat())?;
                }
                return Ok(());
            }
            _ => server.write_all(&message)?,
        }
    }
}

fn to_client(
    mut server: &TcpStream,
    mut client: &TcpStream,
    made: &Mutex<Option<Cut>>,
) -> io::Result<()> {
    loop {
        let mut kind = [0];
        server.read_exact(&mut kind)?;
        let message = [kind.as_slice(), &body(server)?].concat();
        match *made.lock().unwrap() {
            Some(cut @ (Cut::After | Cut::Told))
                if kind == [b'C'] && has(&message, b"COMMIT\0") =>
            {
                if cut == Cut::Told {
                    let fields = b"SFATAL\0C08P01\0Mserver conn crashed?\0\0";
                    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
                    client.write_all(&[b"E", &length[..], fields].concat())?;
                }
                return Ok(());
            }
            Some(_) => {}
            None => client.write_all(&message)?,
        }
    }
}

/// Reads the length of a message and what it counts.
fn body(mut from: &TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut message = length.to_vec();
    message.resize(u32::from_be_bytes(length) as usize, 0);
    from.read_exact(&mut message[4..])?;
    Ok(message)
}

fn has(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}
