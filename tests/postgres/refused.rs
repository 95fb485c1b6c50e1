//! Connections that are refused: which error it is, with the server's code, and no password.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use satori_store::{Error, OpenOptions, Store};

use crate::server::*;
use crate::support::*;

/// Asserts that the place can't be opened, for this reason, and that the report holds none
/// of the secrets.
fn assert_refused(url: &str, state: &str, words: &str, secrets: &[&str]) {
    let error = Store::connect(url).unwrap_err();
    let report = report(&error);
    for secret in secrets {
        assert!(!report.contains(secret), "{report} shows {secret}");
    }
    assert!(matches!(error, Error::CannotOpen { .. }), "{report}");
    assert_eq!(error.sqlstate(), state, "{report}");
    assert!(report.contains(words), "{report}");
}

#[test]
fn a_server_refuses() {
    let Some(_) = wanted() else { return };
    let server = Server::start(&["max_connections=5", "superuser_reserved_connections=1"]);
    let url = Url::new(&server.url());
    let text = |user: &str| url.clone().user(user).text();

    assert_refused(&text("satori:wrong-one"), "28P01", "satori", &["wrong-one"]);
    assert_refused(&text("nobody:swordfish"), "28P01", "nobody", &[PASSWORD]);
    let absent = url.clone().database("absent").text();
    assert_refused(&absent, "3D000", "absent", &[PASSWORD]);
    let encrypted = url.clone().with("sslmode=require").text();
    assert_refused(&encrypted, "", "SSL", &[PASSWORD]);

    // A role that may not make tables, nor read those that are there.
    psql(&server.url(), "CREATE ROLE ann LOGIN PASSWORD 'swordfish'");
    assert_refused(
        &text("ann:swordfish"),
        "42501",
        "CREATE ON SCHEMA",
        &[PASSWORD],
    );
    let nowhere = url.clone().with("options=-csearch_path%3Dabsent").text();
    assert_refused(&nowhere, "3F000", "search path", &[PASSWORD]);
    let store = Store::connect(&server.url()).unwrap();
    store.insert(&uuid("s"), &row(1, 1.0)).unwrap();
    assert_refused(
        &text("ann:swordfish"),
        "42501",
        "permission denied",
        &[PASSWORD],
    );
    psql(
        &server.url(),
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ann",
    );
    let reader = Store::connect(&text("ann:swordfish")).unwrap();
    assert_eq!(seconds(&reader, &uuid("s")), [1]);
    let error = reader.insert(&uuid("s"), &row(2, 2.0)).unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "42501");
    assert_eq!(seconds(&reader, &uuid("s")), [1]);

    // Two of four are left for those who are no superusers.
    let mut more: Vec<_> = (0..2).map(|_| session(&server.url())).collect();
    assert_refused(&text("ann:swordfish"), "53300", "connection", &[PASSWORD]);
    more.clear();

    // The last rule counts for `psql`, which has it read others.
    server.allow("hostssl all ann all trust\nhost all satori all trust\n");
    until(|| Store::connect(&text("ann:swordfish")).is_err());
    assert_refused(
        &text("ann:swordfish"),
        "28000",
        "no encryption",
        &[PASSWORD],
    );
}

/// No libpq part of a password that is not escaped is shown as a host, a port or a database.
#[test]
fn a_url_that_is_not_what_it_seems_shows_nothing() {
    let Some(_) = wanted() else { return };
    let port = free_port();
    for password in [
        "se/cret",
        "se?cret",
        "se#cret",
        "se@cret",
        "se%cret",
        "se%zzcret",
        "12/cret@x",
    ] {
        let url = format!("postgres://ann:{password}@127.0.0.1:{port}/db?connect_timeout=2");
        assert_refused(&url, "", "", &["cret", "se%"]);
    }
    for parameter in ["password=se%cret", "se%cret", "password=secret&cret"] {
        let url = format!("postgres://127.0.0.1:{port}/db?{parameter}");
        assert_refused(&url, "", "", &["cret"]);
    }
    let escaped = format!("postgres://ann:se%40cret@127.0.0.1:{port}/db");
    assert_refused(&escaped, "", "refused", &["cret"]);
}

#[test]
fn nobody_is_there() {
    let Some(_) = wanted() else { return };
    let url = |port, rest: &str| format!("postgres://ann:secret@127.0.0.1:{port}/db?{rest}");
    assert_refused(&url(free_port(), ""), "", "refused", &["secret"]);
    assert_refused(
        "postgres://ann:secret@host.invalid/db",
        "",
        "host.invalid",
        &["secret"],
    );

    // One that takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_refused(&url(port, "connect_timeout=1"), "", "in time", &["secret"]);
    // One whose system does not even take them, as its queue is full.
    let mut queue = Vec::new();
    let address = silent.local_addr().unwrap();
    let moment = std::time::Duration::from_millis(200);
    while let Ok(waiting) = std::net::TcpStream::connect_timeout(&address, moment) {
        queue.push(waiting);
    }
    assert_refused(&url(port, "connect_timeout=1"), "", "in time", &["secret"]);

    // One that ends each connection, and one that is no server.
    for answer in [&b""[..], &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]] {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in other.incoming() {
                let mut client = client.unwrap();
                let _ = client.read(&mut [0; 1024]);
                let _ = client.write_all(answer);
            }
        });
        assert_refused(&url(port, "connect_timeout=5"), "", "", &["secret"]);
    }
}

/// Says just enough to be taken for an old server.
#[test]
fn an_old_server_is_refused() {
    let Some(_) = wanted() else { return };
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut client, _) = server.accept().unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
        // AuthenticationOk, a ParameterStatus, ReadyForQuery
        let version = b"server_version\x0012.22\0";
        let answer = [
            &b"R\0\0\0\x08\0\0\0\0S\0\0\0"[..],
            &[version.len() as u8 + 4],
            version,
            b"Z\0\0\0\x05I",
        ];
        client.write_all(&answer.concat()).unwrap();
        let _ = client.read_to_end(&mut Vec::new());
    });
    let url = format!("postgres://ann@127.0.0.1:{port}/db?sslmode=disable&gssencmode=disable");
    assert_refused(&url, "", "PostgreSQL 12; a store needs 13", &[]);
}

#[test]
fn a_database_that_another_one_drops_is_named() {
    let Some(server) = wanted() else { return };
    let gone = name("gone");
    psql(&server, &format!("CREATE DATABASE {gone}"));
    let url = Url::new(&server).database(&gone).text();
    let store = OpenOptions::new().connect(&url).unwrap();
    assert_works(&store);
    psql(&server, &format!("DROP DATABASE {gone} WITH (FORCE)"));
    until(|| {
        psql(
            &server,
            "SELECT count(*) FROM pg_stat_activity WHERE datname IS NULL AND backend_type = 'client backend'",
        ) == "0\n"
    });
    let error = store.count(&uuid("s"), ..).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert!(["3D000", "57P01"].contains(&error.sqlstate()), "{error:?}");
}
