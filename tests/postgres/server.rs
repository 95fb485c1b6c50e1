//! Servers, and other programs' sessions on them.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::{Connection, SimpleConnection};
use diesel::deserialize::QueryableByName;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};
use satori_store::{Error, OpenOptions, Store};
use tempfile::TempDir;

use crate::support::*;

/// Returns the URL of the tests' server. If there is none, says that the test is skipped.
pub(crate) fn wanted() -> Option<String> {
    let server = server();
    if server.is_none() {
        skipped("SATORI_STORE_POSTGRES names no server");
    }
    server
}

/// Says that this test is skipped, past the harness, which keeps what tests print to itself.
pub(crate) fn skipped(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    // The harness may be in the middle of a line.
    let line = format!("\nskipped: {test}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The parts of a URL.
#[derive(Clone)]
pub(crate) struct Url {
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) database: String,
    pub(crate) parameters: Vec<String>,
}

impl Url {
    /// Reads a URL such as `postgres://user:password@host:port/database?parameters`.
    pub(crate) fn new(url: &str) -> Self {
        let (_, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.split_once('@').unwrap();
        let (host, rest) = rest.split_once('/').unwrap();
        let (database, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = parameters.split('&').filter(|text| !text.is_empty());
        Self {
            user: user.to_owned(),
            host: host.to_owned(),
            database: database.to_owned(),
            parameters: parameters.map(str::to_owned).collect(),
        }
    }

    pub(crate) fn user(self, user: &str) -> Self {
        let user = user.to_owned();
        Self { user, ..self }
    }

    /// Goes by way of another port of this machine.
    pub(crate) fn port(self, port: u16) -> Self {
        let host = format!("127.0.0.1:{port}");
        Self { host, ..self }
    }

    pub(crate) fn database(self, database: &str) -> Self {
        let database = database.to_owned();
        Self { database, ..self }
    }

    pub(crate) fn with(mut self, parameter: &str) -> Self {
        self.parameters.push(parameter.to_owned());
        self
    }

    pub(crate) fn text(&self) -> String {
        let parameters = self.parameters.join("&");
        format!(
            "postgres://{}@{}/{}?{parameters}",
            self.user, self.host, self.database
        )
    }
}

/// Returns a name that nothing else on a server has.
pub(crate) fn name(of: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("faults_{of}_{}_{number}", std::process::id())
}

/// A place for a store whose session can be told from others by its name.
pub(crate) struct Named {
    pub(crate) url: String,
    /// The same without the name, for other programs.
    pub(crate) plain: String,
    pub(crate) session: String,
}

impl Named {
    pub(crate) fn new(server: &str) -> Self {
        let session = name("session");
        Self::at(&database(server), &session)
    }

    /// Gives the sessions at a place a name.
    pub(crate) fn at(place: &str, session: &str) -> Self {
        let url = Url::new(place).with(&format!("application_name={session}"));
        Self {
            url: url.text(),
            plain: place.to_owned(),
            session: session.to_owned(),
        }
    }

    pub(crate) fn open(&self) -> Store {
        self.open_with(&OpenOptions::new().busy_timeout(Duration::from_secs(60)))
    }

    pub(crate) fn open_with(&self, options: &OpenOptions) -> Store {
        options.connect(&self.url).unwrap()
    }

    /// Returns what the server says of the store's sessions.
    pub(crate) fn ask(&self, column: &str) -> String {
        let sql = format!(
            "SELECT {column} FROM pg_stat_activity WHERE application_name = '{}' \
             AND backend_type = 'client backend'",
            self.session
        );
        psql(&self.plain, &sql)
    }

    /// Waits until the store waits for a lock.
    pub(crate) fn await_block(&self) {
        until(|| self.ask("wait_event_type").contains("Lock"));
    }

    /// Has the server end the store's sessions, and waits until they have ended.
    pub(crate) fn terminate(&self) {
        let ended = self.ask("pg_terminate_backend(pid, 20000)");
        assert!(!ended.contains('f'), "{ended}");
    }
}

/// Keeps the store from reading and writing rows.
pub(crate) const LOCK: &str = "BEGIN; LOCK TABLE observations IN ACCESS EXCLUSIVE MODE";
/// Is about to insert a row of the stream `s` at the second 20: who wants to insert it too
/// waits for what becomes of this.
pub(crate) const OFFER: &str = "BEGIN; INSERT INTO observations \
    SELECT stream, 20000000, -1, 'h', 'another' FROM streams WHERE uuid = 's'";

/// Waits until it is so.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "it never came to that");
        pause(10);
    }
}

/// Begins a session of another program.
pub(crate) fn session(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

/// Runs SQL in a session of another program.
pub(crate) fn run_in(session: &mut PgConnection, sql: &str) {
    session.batch_execute(sql).unwrap();
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Reads the column `text` of a query in a session of another program.
pub(crate) fn rows_in(session: &mut PgConnection, query: &str) -> Vec<String> {
    let rows = sql_query(query).load::<Row>(session).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

/// Returns all that an error says, and all behind it.
pub(crate) fn report(error: &Error) -> String {
    let mut report = format!("{error}\n{error:?}\n");
    let mut source = std::error::Error::source(error);
    while let Some(behind) = source {
        report += &format!("{behind}\n{behind:?}\n");
        source = behind.source();
    }
    report
}

/// Asserts that the store can be written and read.
pub(crate) fn assert_works(store: &Store) {
    let stream = uuid("it works");
    let next = store.count(&stream, ..).unwrap_or(0) as i64;
    store.insert(&stream, &row(next, next as f64)).unwrap();
    store.insert(&stream, &numbered(next + 1)).unwrap();
    assert_eq!(store.count(&stream, ..).unwrap(), next as u64 + 2);
}

/// A port of this machine at which nothing listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A server of a test's own. It ends with the test.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    child: Option<Child>,
}

/// The password of its superuser.
pub(crate) const PASSWORD: &str = "swordfish";

impl Server {
    /// Starts a server with settings such as `max_connections=5`, in memory if there is room.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_in(folder(), settings)
    }

    /// Starts a server whose files are on the disk.
    pub(crate) fn start_on_disk(settings: &[&str]) -> Self {
        Self::start_in(
            owned(TempDir::with_prefix("satori-server.").unwrap()),
            settings,
        )
    }

    fn start_in(folder: TempDir, settings: &[&str]) -> Self {
        let mut server = Self::over(folder, settings);
        let password = server.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let made = program("initdb")
            .args([
                "-U",
                "satori",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("--no-sync")
            .arg("-D")
            .arg(server.data())
            .arg("--pwfile")
            .arg(&password)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        server.restart();
        server
    }

    /// Makes a server that another one is copied into, in a folder that is given.
    fn over(folder: TempDir, settings: &[&str]) -> Self {
        Self {
            folder,
            port: free_port(),
            settings: settings.iter().map(|text| (*text).to_owned()).collect(),
            child: None,
        }
    }

    /// Starts a server that follows this one.
    pub(crate) fn standby(&self) -> Self {
        let mut standby = Self::over(folder(), &[]);
        let copied = program("pg_basebackup")
            .args([
                "--checkpoint=fast",
                "--write-recovery-conf",
                "--no-sync",
                "-d",
            ])
            .arg(self.url())
            .arg("-D")
            .arg(standby.data())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&copied.stderr).into_owned();
        assert!(copied.status.success(), "{errors}");
        standby.restart();
        standby
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns the URL of its superuser.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://satori:{PASSWORD}@127.0.0.1:{}/postgres",
            self.port
        )
    }

    /// Has it read other rules about who may connect how.
    pub(crate) fn allow(&self, rules: &str) {
        fs::write(self.data().join("pg_hba.conf"), rules).unwrap();
        psql(&self.url(), "SELECT pg_reload_conf()");
    }

    /// Starts it after it was stopped.
    pub(crate) fn restart(&mut self) {
        let mut log = fs::File::options();
        let log = log
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"));
        let mut postgres = program("postgres");
        postgres
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()]);
        let own = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
        for setting in own
            .into_iter()
            .chain(self.settings.iter().map(String::as_str))
        {
            postgres.args(["-c", setting]);
        }
        let child = postgres.stdout(Stdio::null()).stderr(log.unwrap()).spawn();
        self.child = Some(child.unwrap());
        until(|| {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            let log = self.folder.path().join("log");
            assert!(ended.is_none(), "{}", fs::read_to_string(log).unwrap());
            let mut ready = program("pg_isready");
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().unwrap().success()
        });
    }

    /// Stops it as `pg_ctl stop -m immediate` does: at once, as if it had crashed.
    pub(crate) fn crash(&mut self) {
        let mut child = self.child.take().unwrap();
        signal("QUIT", child.id());
        child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.crash();
        }
    }
}

/// Sends a signal to a process that a test has started.
pub(crate) fn signal(name: &str, process: u32) {
    let mut kill = Command::new("kill");
    let sent = kill.args([&format!("-{name}"), &process.to_string()]);
    assert!(sent.status().unwrap().success());
}

/// Makes a folder in which a server's user may write, in memory if there is room.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    owned(match memory.is_dir() {
        true => TempDir::with_prefix_in("satori-server.", memory).unwrap(),
        false => TempDir::with_prefix("satori-server.").unwrap(),
    })
}

fn owned(folder: TempDir) -> TempDir {
    open_up(folder.path());
    folder
}

/// Has a folder belong to a server's user.
pub(crate) fn open_up(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    if let Some((user, group)) = server_user() {
        chown(folder, Some(user), Some(group)).unwrap();
    }
}

/// Returns the user as whom servers run, as they refuse to be run by root.
fn server_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let id = |what: &str| {
        let id = Command::new("id")
            .args([what, "postgres"])
            .output()
            .unwrap();
        String::from_utf8(id.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    };
    is_root.then(|| (id("-u"), id("-g")))
}

/// Returns a command that runs one of the server's programs, as its user. It is killed when
/// the thread ends that has started it.
pub(crate) fn program(name: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("Debian's package postgresql");
    let mut versions: Vec<_> = versions.map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    let path = match name {
        "pgbouncer" => PathBuf::from("/usr/sbin/pgbouncer"),
        name => versions.pop().unwrap().join("bin").join(name),
    };
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT", "--clear-groups"]);
    match server_user() {
        Some((user, group)) => {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
        }
        None => {
            command = Command::new("setpriv");
            command.args(["--pdeathsig", "QUIT"]);
        }
    }
    command.arg(path).current_dir("/");
    command
}
