//! Reading what the server has answered.

use std::ptr::NonNull;

use pq_sys as pq;
use pq_sys::ExecStatusType;

use super::answer::{Answer, Row};
use super::failure::Failure;
use super::patience::{Patience, Waiting};
use super::session::Session;

/// What takes each row of an answer.
type Reader<'a> = dyn FnMut(Row<'_>) + 'a;

impl Session {
    /// Reads the answers to what was sent first. The outer error is a lost connection.
    pub(super) fn receive(
        &mut self,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<Result<Vec<Answer>, Failure>, Failure> {
        self.receive_rows(patience, None)
    }

    /// Does what [`receive`](Self::receive) does, and hands each row of one statement's answer,
    /// given by its place, to `read` as soon as it is here. The answer that is returned for it may
    /// be without them.
    pub(super) fn receive_rows(
        &mut self,
        patience: &mut Patience<'_, impl Waiting>,
        mut read: Option<(usize, &mut Reader<'_>)>,
    ) -> Result<Result<Vec<Answer>, Failure>, Failure> {
        let mut done = Ok(Vec::new());
        let mut answered = 0;
        // Between two statements there is a NULL.
        let mut nulls = 0;
        let mut begins = true;
        loop {
            let read = read.as_mut().filter(|(place, _)| *place == answered);
            if begins && read.is_some() {
                // If the answer is here already, it comes whole.
                // SAFETY: the connection is live.
                unsafe { pq::PQsetSingleRowMode(self.as_ptr()) };
            }
            begins = false;
            if let Err(failure) = self.await_result(patience) {
                return Err(last_words(done, failure, answered));
            }
            // SAFETY: the connection is live, and has a result ready, or there is none.
            let result = unsafe { pq::PQgetResult(self.as_ptr()) };
            let Some(result) = NonNull::new(result) else {
                nulls += 1;
                if nulls > 1 {
                    return Err(self.failure());
                }
                begins = true;
                continue;
            };
            nulls = 0;
            let answer = Answer::new(result);
            if let Some((_, read)) = read {
                answer.rows().for_each(read);
            }
            // SAFETY: the result is live.
            match unsafe { pq::PQresultStatus(answer.as_ptr()) } {
                ExecStatusType::PGRES_PIPELINE_SYNC => {
                    self.owed -= 1;
                    return Ok(done);
                }
                ExecStatusType::PGRES_TUPLES_OK | ExecStatusType::PGRES_COMMAND_OK => {
                    answered += 1;
                    if let Ok(answers) = &mut done {
                        answers.push(answer);
                    }
                }
                ExecStatusType::PGRES_SINGLE_TUPLE | ExecStatusType::PGRES_PIPELINE_ABORTED => {}
                _ => {
                    if done.is_ok() {
                        let mut failure = Failure::of_result(answer.as_ptr());
                        failure.interrupted = patience.has_asked() && failure.has_state(b"57014");
                        failure.answered = answered;
                        done = Err(failure);
                    }
                }
            }
            if self.is_lost() {
                return Err(last_words(done, self.failure(), answered));
            }
        }
    }
}

/// Returns the failure of a connection that is gone, behind so many answers. What the server
/// said before says more.
pub(super) fn last_words<T>(
    said: Result<T, Failure>,
    failure: Failure,
    answered: usize,
) -> Failure {
    match said {
        Err(said) => Failure {
            lost: true,
            interrupted: failure.interrupted,
            ..said
        },
        Ok(_) => Failure {
            answered,
            ..failure
        },
    }
}
