//! One connection to a server: its transactions, its errors, and making it anew.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::error::{error, not_begun, not_committed, not_reconnected};
use super::raw::{Answer, Copied, Failure, Params, Row, Session, Statement, Waiting};
use crate::backend::Access;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;

/// A connection to the database of a store.
pub(crate) struct Connection {
    /// `None` if the connection was lost; the next call makes it anew.
    session: Option<Session>,
    pub(super) address: Address,
    pub(super) options: OpenOptions,
    call: Call,
    transaction: Transaction,
    /// Whether nothing was in the way of the rows that were inserted last.
    pub(super) expects_new: bool,
    /// Keys of streams that had metadata and data when this connection last stored some.
    pub(super) known: HashSet<i64>,
}

/// Where the database is, and how one gets in. It is never shown.
#[derive(Clone)]
pub(super) struct Address {
    /// With the password.
    pub(super) url: CString,
    /// Without it.
    pub(super) location: Location,
}

/// How far a transaction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// It begins with the first statement, so that it costs no trip of its own.
    Wanted(Access),
    Begun,
}

/// The present call.
pub(super) struct Call {
    /// How many times the calls under way on the store were to end.
    interrupts: RefCell<Arc<AtomicU64>>,
    /// The number when the call began.
    count: u64,
    began: Instant,
}

impl Call {
    pub(super) fn new() -> Self {
        Self {
            interrupts: RefCell::default(),
            count: 0,
            began: Instant::now(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.is_interrupted() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}

impl Waiting for Call {
    fn is_interrupted(&self) -> bool {
        self.interrupts.borrow().load(Ordering::Relaxed) != self.count
    }
}

impl Connection {
    pub(super) fn new(session: Session, address: Address, options: &OpenOptions) -> Self {
        Self {
            session: Some(session),
            address,
            options: options.clone(),
            call: Call::new(),
            transaction: Transaction::None,
            expects_new: true,
            known: HashSet::new(),
        }
    }

    /// Begins a call; see [`Backend::begin_call`](crate::backend::Backend::begin_call). Connects
    /// anew if the connection was lost: by the last call, or since.
    pub(super) fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()> {
        self.call = Call {
            interrupts: RefCell::new(Arc::clone(interrupts)),
            count: began,
            began: Instant::now(),
        };
        self.check_call()?;
        if self.session.as_ref().is_none_or(Session::has_ended) {
            self.session = None;
            self.transaction = Transaction::None;
            let options = self.options.clone().create(false);
            let session = Self::establish(&self.address, &options, &self.call);
            self.session = Some(session.map_err(not_reconnected)?);
        }
        Ok(())
    }

    pub(super) fn check_call(&self) -> Result<()> {
        self.call.check()
    }

    /// Runs statements, in the present transaction if there is one, and returns what the
    /// server has answered to each. They cost one trip over the network.
    pub(super) fn run(&mut self, statements: Vec<Statement>) -> Result<Vec<Answer>> {
        let (mut answers, before) = self.run_by(statements, |session, all, call| {
            session.run(all, call, false)
        })?;
        answers.drain(..before);
        Ok(answers)
    }

    /// Runs one statement, and hands each row of its answer to `read`: the first ones while the
    /// server looks for those behind them. If the statement fails, `read` may have had some.
    pub(super) fn for_each_row(
        &mut self,
        statement: Statement,
        mut read: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut done = Ok(());
        self.run_by(vec![statement], |session, all, call| {
            let mut read = |row: Row<'_>| {
                if done.is_ok() {
                    done = read(row);
                }
            };
            session.read(all, call, &mut read)
        })?;
        done
    }

    /// Runs statements by what sends them and waits for them. Returns beside its answer how many
    /// statements were run before these, to begin the transaction.
    fn run_by<T>(
        &mut self,
        statements: Vec<Statement>,
        run: impl FnOnce(&mut Session, &[Statement], &Call) -> Result<T, Failure>,
    ) -> Result<(T, usize)> {
        self.check_call()?;
        let mut all = match self.transaction {
            Transaction::Wanted(access) => self.beginning(access),
            _ => Vec::new(),
        };
        let before = all.len();
        all.extend(statements);
        if before > 0 {
            self.transaction = Transaction::Begun;
        }
        match self.on_session(|session, call| run(session, &all, call))? {
            Ok(answer) => Ok((answer, before)),
            Err(failure) if failure.answered < before => Err(not_begun(failure)),
            Err(failure) => Err(error(failure)),
        }
    }

    /// Runs one statement, and returns the server's answer to it.
    pub(super) fn ask(&mut self, sql: &'static str, params: Params) -> Result<Answer> {
        let answers = self.run(vec![Statement::new(sql, params)])?;
        answers.into_iter().next().ok_or_else(no_session)
    }

    /// Sends a statement of the present transaction. [`receive`](Self::receive) reads its
    /// answer, if nothing else is sent before.
    pub(super) fn send(&mut self, statement: Statement) -> Result<()> {
        let sent = self.on_session(|session, call| session.send(&[statement], call))?;
        sent.map_err(error)
    }

    /// Waits for the answer to what was sent.
    pub(super) fn receive(&mut self) -> Result<Answer> {
        let answers = self.on_session(Session::receive_sent)?.map_err(error)?;
        answers.into_iter().next().ok_or_else(no_session)
    }

    /// Copies rows in, in the present transaction, which has begun.
    pub(super) fn copy(&mut self, sql: &'static CStr, rows: Copied) -> Result<()> {
        let copied = self.on_session(|session, call| session.copy(sql, rows, call))?;
        copied.map_err(error)
    }

    /// Runs statements and commits, in one trip: in the present transaction, or in one of their
    /// own, which writes.
    pub(super) fn run_and_commit(&mut self, statements: Vec<Statement>) -> Result<Vec<Answer>> {
        self.check_call()?;
        let mut all = match self.transaction {
            Transaction::Begun => Vec::new(),
            _ => self.beginning(Access::Write),
        };
        self.transaction = Transaction::None;
        let before = all.len();
        all.extend(statements);
        all.push(Statement::plain("COMMIT"));
        let answers = match self.on_session(|session, call| session.run(&all, call, false))? {
            Ok(answers) => answers,
            Err(failure) => {
                // The failure has kept COMMIT from running.
                self.send_rollback();
                return Err(
                    match failure.has_state(b"0A000") && failure.answered < before {
                        true => not_begun(failure),
                        false => not_committed(failure, all.len() - 1),
                    },
                );
            }
        };
        let mut answers: Vec<Answer> = answers.into_iter().skip(before).collect();
        check_committed(answers.pop().as_ref())?;
        Ok(answers)
    }

    pub(super) fn begin(&mut self, access: Access) -> Result<()> {
        if access == Access::Write {
            self.check_writable()?;
        }
        self.transaction = Transaction::Wanted(access);
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.check_call()?;
        if self.transaction != Transaction::Begun {
            self.transaction = Transaction::None;
            return Ok(());
        }
        let commit = [Statement::plain("COMMIT")];
        let answers = self.on_session(|session, call| session.run(&commit, call, true))?;
        self.transaction = Transaction::None;
        let answers = answers.map_err(|failure| not_committed(failure, 0))?;
        check_committed(answers.first())
    }

    pub(super) fn roll_back(&mut self) {
        if self.transaction == Transaction::Begun {
            self.send_rollback();
        }
        self.transaction = Transaction::None;
    }

    /// Ends the transaction without waiting for the server to say so.
    fn send_rollback(&mut self) {
        if let Some(session) = &mut self.session
            && session
                .send(&[Statement::plain("ROLLBACK")], &self.call)
                .is_err()
        {
            self.session = None;
        }
    }

    /// Refuses a write to a store that was opened read-only.
    pub(super) fn check_writable(&self) -> Result<()> {
        match self.options.read_only {
            true => Err(Error::ReadOnly {
                reason: "it was opened read-only".to_owned(),
                code: None,
            }),
            false => Ok(()),
        }
    }

    pub(super) fn located(&self, error: Error) -> Error {
        error.located(&self.address.location, self.call.began.elapsed())
    }

    pub(super) fn let_go(mut self) {
        if let Some(session) = self.session.take() {
            session.let_go();
        }
    }

    /// Does something on the session, and gives it up if it was lost meanwhile. The outer error
    /// is that there is none.
    fn on_session<T>(
        &mut self,
        work: impl FnOnce(&mut Session, &Call) -> Result<T, Failure>,
    ) -> Result<Result<T, Failure>> {
        let session = self.session.as_mut().ok_or_else(no_session)?;
        let done = work(session, &self.call);
        if session.is_lost() {
            self.session = None;
            self.transaction = Transaction::None;
        }
        Ok(done)
    }

    /// Returns the statements that begin a transaction. What they set is forgotten with it:
    /// through a pooler the next one may be another session's.
    fn beginning(&self, access: Access) -> Vec<Statement> {
        match access {
            Access::Read => vec![Statement::plain(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            )],
            Access::Write => {
                // 0 would be no limit.
                let wait = self
                    .options
                    .busy_timeout
                    .as_millis()
                    .clamp(1, i32::MAX as u128);
                // Without it the server may lose acknowledged rows when it crashes.
                let set = "SELECT set_config('lock_timeout', $1, true), \
                           set_config('synchronous_commit', 'on', true)";
                vec![
                    Statement::plain("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"),
                    Statement::new(set, Params::new().text(wait.to_string().as_str())),
                ]
            }
        }
    }
}

/// Returns an error unless the server says that it has committed: to `COMMIT` after a failed
/// statement it answers `ROLLBACK`.
fn check_committed(answer: Option<&Answer>) -> Result<()> {
    match answer.map(Answer::command).as_deref() {
        Some("COMMIT") => Ok(()),
        _ => Err(Error::Database {
            // in_failed_sql_transaction
            code: crate::model::database_code::DatabaseCode::SqlState(*b"25P02"),
            message: "the transaction was rolled back".to_owned(),
        }),
    }
}

/// Returns the error for a call without a session, or without an answer, neither of which
/// there should be.
pub(super) fn no_session() -> Error {
    Error::ConnectionLost {
        location: Location::UNKNOWN,
        reason: "there is none".to_owned(),
        code: None,
    }
}
