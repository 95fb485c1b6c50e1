//! libpq as one uses it by hand: the other side of the comparisons.

use std::ffi::{CString, c_char, c_int};
use std::ptr;

use pq_sys::{self as pq, ExecStatusType, Oid};

/// A connection, and what it was answered last.
pub(crate) struct Raw(*mut pq::PGconn);

/// A parameter in binary format, and its type.
pub(crate) struct Param(Oid, Vec<u8>);

/// What the server has answered, in binary format.
pub(crate) struct Answer(*mut pq::PGresult);

impl Param {
    pub(crate) fn int8(number: i64) -> Self {
        Self(20, number.to_be_bytes().into())
    }

    pub(crate) fn int8s(numbers: impl Iterator<Item = i64>) -> Self {
        Self::array(1016, 20, numbers.map(i64::to_be_bytes))
    }

    pub(crate) fn float8s(numbers: impl Iterator<Item = f64>) -> Self {
        Self::array(1022, 701, numbers.map(f64::to_be_bytes))
    }

    pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        Self::array(1009, 25, texts)
    }

    fn array<T: AsRef<[u8]>>(of: Oid, element: Oid, elements: impl Iterator<Item = T>) -> Self {
        let mut bytes = Vec::new();
        for word in [1, 0, element, 0, 1] {
            bytes.extend(word.to_be_bytes());
        }
        let mut length: u32 = 0;
        for element in elements {
            bytes.extend((element.as_ref().len() as u32).to_be_bytes());
            bytes.extend(element.as_ref());
            length += 1;
        }
        bytes[12..16].copy_from_slice(&length.to_be_bytes());
        Self(of, bytes)
    }
}

impl Raw {
    pub(crate) fn connect(url: &str) -> Self {
        let url = CString::new(url).expect("a URL");
        // SAFETY: the text ends with NUL; what is made is closed once.
        let raw = unsafe { Self(pq::PQconnectdb(url.as_ptr())) };
        raw.run("SET synchronous_commit = on");
        raw
    }

    /// Runs statements that answer nothing.
    pub(crate) fn run(&self, sql: &str) {
        let sql = CString::new(sql).expect("SQL");
        // SAFETY: the connection is live; the result is freed once.
        let answer = unsafe { Answer(pq::PQexec(self.0, sql.as_ptr())) };
        answer.check();
    }

    /// Runs a statement, and returns its answer.
    pub(crate) fn ask(&self, sql: &str, params: &[Param]) -> Answer {
        self.send(sql, params);
        // SAFETY: the connection is live; the result is freed once, and then there is none.
        let answer = unsafe { Answer(pq::PQgetResult(self.0)) };
        answer.check();
        // SAFETY: as above.
        assert!(unsafe { pq::PQgetResult(self.0) }.is_null());
        answer
    }

    /// Sends statements together, and reads their answers.
    pub(crate) fn pipeline(&self, statements: &[(&str, Vec<Param>)]) -> Vec<Answer> {
        // SAFETY: the connection is live, and each result is freed once.
        unsafe {
            assert_eq!(pq::PQenterPipelineMode(self.0), 1);
            for (sql, params) in statements {
                self.send(sql, params);
            }
            assert_eq!(pq::PQpipelineSync(self.0), 1);
            let answers = statements.iter().map(|_| {
                let answer = Answer(pq::PQgetResult(self.0));
                answer.check();
                assert!(pq::PQgetResult(self.0).is_null());
                answer
            });
            let answers = answers.collect();
            drop(Answer(pq::PQgetResult(self.0)));
            assert_eq!(pq::PQexitPipelineMode(self.0), 1);
            answers
        }
    }

    fn send(&self, sql: &str, params: &[Param]) {
        let sql = CString::new(sql).expect("SQL");
        let types: Vec<Oid> = params.iter().map(|param| param.0).collect();
        let values: Vec<*const c_char> =
            params.iter().map(|param| param.1.as_ptr().cast()).collect();
        let lengths: Vec<c_int> = params.iter().map(|param| param.1.len() as c_int).collect();
        let formats = vec![1; params.len()];
        // SAFETY: the four lists have as many members as is said.
        let sent = unsafe {
            pq::PQsendQueryParams(
                self.0,
                sql.as_ptr(),
                types.len() as c_int,
                types.as_ptr(),
                values.as_ptr(),
                lengths.as_ptr(),
                formats.as_ptr(),
                1,
            )
        };
        assert_eq!(sent, 1);
    }

    /// Copies rows in, in binary format, one text for each.
    pub(crate) fn copy(&self, sql: &str, rows: impl Iterator<Item = Vec<u8>>) {
        let sql = CString::new(sql).expect("SQL");
        let put = |bytes: &[u8]| {
            // SAFETY: the connection is live, and copies so many bytes.
            let put =
                unsafe { pq::PQputCopyData(self.0, bytes.as_ptr().cast(), bytes.len() as c_int) };
            assert_eq!(put, 1);
        };
        // SAFETY: the connection is live; each result is freed once.
        drop(unsafe { Answer(pq::PQexec(self.0, sql.as_ptr())) });
        put(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        let mut buffer = Vec::new();
        for row in rows {
            buffer.extend(row);
            if buffer.len() > 60_000 {
                put(&buffer);
                buffer.clear();
            }
        }
        buffer.extend((-1_i16).to_be_bytes());
        put(&buffer);
        // SAFETY: as above.
        unsafe {
            assert_eq!(pq::PQputCopyEnd(self.0, ptr::null()), 1);
            Answer(pq::PQgetResult(self.0)).check();
            assert!(pq::PQgetResult(self.0).is_null());
        }
    }
}

/// Returns a row for [`Raw::copy`], of the bytes of its columns.
pub(crate) fn copied(columns: &[Option<&[u8]>]) -> Vec<u8> {
    let mut row = Vec::from((columns.len() as i16).to_be_bytes());
    for column in columns {
        match column {
            Some(bytes) => {
                row.extend((bytes.len() as u32).to_be_bytes());
                row.extend(*bytes);
            }
            None => row.extend((-1_i32).to_be_bytes()),
        }
    }
    row
}

impl Answer {
    fn check(&self) {
        // SAFETY: the result is live.
        let (status, message) = unsafe {
            let message = std::ffi::CStr::from_ptr(pq::PQresultErrorMessage(self.0));
            (pq::PQresultStatus(self.0), message.to_string_lossy())
        };
        let is_done = matches!(
            status,
            ExecStatusType::PGRES_TUPLES_OK | ExecStatusType::PGRES_COMMAND_OK
        );
        assert!(is_done, "{message}");
    }

    pub(crate) fn len(&self) -> usize {
        // SAFETY: the result is live.
        unsafe { pq::PQntuples(self.0) as usize }
    }

    /// Returns the bytes of a cell; they are empty if it is NULL.
    pub(crate) fn bytes(&self, row: usize, column: c_int) -> &[u8] {
        let row = row as c_int;
        // SAFETY: the result is live, and has the cell; the bytes live as long.
        unsafe {
            let value = pq::PQgetvalue(self.0, row, column).cast::<u8>();
            std::slice::from_raw_parts(value, pq::PQgetlength(self.0, row, column) as usize)
        }
    }

    pub(crate) fn int8(&self, row: usize, column: c_int) -> i64 {
        i64::from_be_bytes(self.bytes(row, column).try_into().expect("8 bytes"))
    }

    pub(crate) fn float8(&self, row: usize, column: c_int) -> f64 {
        f64::from_be_bytes(self.bytes(row, column).try_into().expect("8 bytes"))
    }

    pub(crate) fn text(&self, row: usize, column: c_int) -> &str {
        std::str::from_utf8(self.bytes(row, column)).expect("UTF-8")
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the result is live, or NULL, and freed once.
        unsafe { pq::PQclear(self.0) };
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the connection is live, and closed once.
        unsafe { pq::PQfinish(self.0) };
    }
}
