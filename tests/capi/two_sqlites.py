"""Two copies of SQLite in one process: the library's and that of module sqlite3.

two_sqlites.py CASE LIBRARY FILE [ARGUMENT] plays a case and prints, as JSON, what it
found; tests/capi/two_sqlites.rs says what that must be.
"""

import ctypes
import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from ctypes import byref, c_char, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

STREAM = b"s"
# Seconds that a writer waits for the others: with plain locks some wait for ever.
PATIENCE = 2 if "SATORI_STORE_PLAIN_LOCKS" in os.environ else 60
INSERT = "INSERT INTO s (ts, value, hash, provider) VALUES (?, 1, 'h', 'p')"


class Error(ctypes.Structure):
    _fields_ = [("code", c_int32), ("database_code", c_int32), ("sqlstate", c_char * 6),
                ("message", c_char * 498)]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("read_only", c_int32),
        ("must_exist", c_int32),
        ("synchronous", c_int32),
        ("in_memory", c_int32),
        ("busy_timeout", c_int64),
    ]


class Info(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("version", ctypes.c_uint32),
        ("sqlite_version", ctypes.c_uint32),
        ("texts", c_void_p * 3),
        ("sqlite_bundled", ctypes.c_uint32),
        ("safe_beside_other_sqlite", ctypes.c_uint32),
    ]


class Failed(Exception):
    pass


class Store:
    """What these cases need of the C API."""

    library = None

    def __init__(self, path, read_only=False):
        options = Options(size=ctypes.sizeof(Options), read_only=read_only, busy_timeout=PATIENCE * 1_000_000)
        self.handle = c_void_p()
        name = os.fsencode(path)
        self.call("satori_store_open", name, c_size_t(len(name)), byref(options), byref(self.handle))

    def call(self, name, *arguments):
        error = Error()
        if getattr(self.library, name)(*arguments, byref(error)) != 0:
            raise Failed(f"{name}: {error.message.decode()}")

    def insert(self, second):
        self.call(
            "satori_insert", self.handle, STREAM, c_size_t(len(STREAM)), c_int64(second * 1_000_000),
            c_double(1), None, None, None, None,
        )

    def count(self):
        count = c_uint64()
        self.call(
            "satori_count", self.handle, STREAM, c_size_t(len(STREAM)), c_int64(-(2**63)),
            c_int64(2**63 - 1), byref(count),
        )
        return count.value

    def close(self):
        self.call("satori_store_close", self.handle)


def connect(path, timeout=PATIENCE):
    return sqlite3.connect(path, timeout=timeout, isolation_level=None)


def open_and_close(path):
    """Module sqlite3 looks into the file."""
    connection = connect(path)
    connection.execute("SELECT count(*) FROM s").fetchone()
    connection.close()


def elsewhere(case, path, *arguments):
    """Plays a case in a process of its own, which has no copy but its own."""
    command = [sys.executable, __file__, case, "", path, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def acknowledged(work, errors):
    """How often `work` succeeded."""
    try:
        work()
        return 1
    except (Failed, sqlite3.Error) as error:
        errors.append(str(error))
        return 0


def descriptors():
    return len(os.listdir("/proc/self/fd"))


# Played elsewhere.


def seconds(path):
    connection = connect(path)
    rows = [row[0] for row in connection.execute("SELECT ts FROM s ORDER BY ts")]
    sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return {"rows": rows, "integrity": sound}


def write_lock(path):
    connection = connect(path, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        return "taken"
    except sqlite3.OperationalError as error:
        return str(error)
    finally:
        connection.close()


def writer(path, first, until):
    """Writes through connections that live for a few rows."""
    rows, errors = [], []
    second = int(first)
    while time.time() < float(until):
        try:
            connection = connect(path)
            for _ in range(5):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(INSERT, (second,))
                connection.execute("COMMIT")
                rows.append(second)
                second += 1
            connection.close()
        except sqlite3.Error as error:
            errors.append(str(error))
            second += 1
    return {"rows": rows, "errors": errors}


# The cases.


def info(path):
    answer = Info(size=ctypes.sizeof(Info))
    Store.library.satori_get_library_info(byref(answer), None)
    return {"bundled": answer.sqlite_bundled, "safe": answer.safe_beside_other_sqlite}


def theirs_closes(path):
    """Module sqlite3 closes the file while the store has rows in the WAL."""
    errors = []
    store = Store(path)
    written = sum(acknowledged(lambda: store.insert(second), errors) for second in range(500))
    open_and_close(path)
    # Another process believes that it is alone, where no lock says otherwise.
    elsewhere("seconds", path)
    written += sum(acknowledged(lambda: store.insert(second), errors) for second in range(500, 1000))
    found = elsewhere("seconds", path)
    store.close()
    return {
        "errors": len(errors),
        "lost": written - len(found["rows"]),
        "integrity": found["integrity"],
    }


def ours_closes(path, journal):
    """The store closes the file while module sqlite3 writes."""
    if journal == "WAL":
        Store(path).close()
    connection = connect(path)
    connection.execute("CREATE TABLE IF NOT EXISTS s (ts TIMESTAMP PRIMARY KEY NOT NULL, "
                       "value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)")
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(INSERT, (1,))
    for _ in range(3):
        # To open it for writing would switch it to WAL, which waits for the writer.
        Store(path, read_only=journal != "WAL").close()
    lock = elsewhere("write_lock", path)
    connection.execute("COMMIT")
    connection.close()
    return {"lock": lock, "rows": elsewhere("seconds", path)["rows"]}


def stress(path, duration):
    """Threads open, write and close through each copy; two processes write beside."""
    keep = Store(path)
    keep.insert(0)
    until = time.time() + float(duration)
    rows, errors, lock = [0], [], threading.Lock()

    def note(found):
        with lock:
            rows.extend(found["rows"])
            errors.extend(found["errors"])

    def ours(first, per_store):
        found = {"rows": [], "errors": []}
        second = first
        while time.time() < until:
            try:
                store = Store(path)
                for _ in range(per_store):
                    store.insert(second)
                    found["rows"].append(second)
                    second += 1
                store.close()
            except Failed as error:
                found["errors"].append(str(error))
                second += 1
        note(found)

    def readers():
        found = {"rows": [], "errors": []}
        while time.time() < until:
            try:
                store = Store(path, read_only=True)
                store.count()
                store.close()
                open_and_close(path)
            except (Failed, sqlite3.Error) as error:
                found["errors"].append(str(error))
        note(found)

    span = 10_000_000
    command = [sys.executable, __file__, "writer", "", path]
    outside = [
        subprocess.Popen([*command, str(number * span), str(until)], stdout=subprocess.PIPE)
        for number in (1, 2)
    ]
    threads = [
        threading.Thread(target=ours, args=(3 * span, 5)),
        threading.Thread(target=ours, args=(4 * span, 50)),
        threading.Thread(target=lambda: note(writer(path, 5 * span, until))),
        threading.Thread(target=lambda: note(writer(path, 6 * span, until))),
        threading.Thread(target=readers),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in outside:
        answer = process.communicate()[0]
        note(json.loads(answer) if process.returncode == 0 else {"rows": [], "errors": ["crash"]})
    acknowledged(keep.close, errors)
    lost = integrity = None
    try:
        found = elsewhere("seconds", path)
        lost, integrity = len(set(rows) - set(found["rows"])), found["integrity"]
    except subprocess.CalledProcessError:
        integrity = "unreadable"
    return {
        "acknowledged": len(rows),
        "lost": lost,
        "errors": len(errors),
        "some": sorted(set(errors))[:3],
        "integrity": integrity,
    }


def open_close(path):
    """1,000 openings and closings: alone, beside a reader of each kind, alone again."""
    Store(path).close()
    store = Store(path)
    store.insert(1)
    store.close()
    gc.collect()
    before = descriptors()

    def most(times):
        highest = 0
        for time in range(times):
            store = Store(path, read_only=time % 3 == 2)
            store.count()
            store.close()
            highest = max(highest, descriptors())
        return highest - before

    alone = (most(1000), descriptors() - before)
    connection = connect(path)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM s").fetchone()
    theirs = descriptors() - before
    beside = most(1000) - theirs
    connection.execute("COMMIT")
    connection.close()
    Store(path).close()
    after = descriptors() - before
    # Another process has it open.
    peer = subprocess.Popen(
        [sys.executable, "-c",
         "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN');"
         "c.execute('SELECT count(*) FROM s').fetchone(); print(flush=True); sys.stdin.read()",
         path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    peer.stdout.readline()
    pipes = descriptors() - before
    beside_process = most(1000) - pipes
    peer.communicate()
    Store(path).close()
    return {
        "alone": alone,
        "beside": beside,
        "after": after,
        "beside a process": beside_process,
        "in the end": descriptors() - before,
    }


def forked(path):
    """A forked child uses both copies, closes what it has inherited, and ends."""
    store = Store(path)
    store.insert(1)
    theirs = connect(path)
    theirs.execute("SELECT count(*) FROM s").fetchone()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(60)
            own = connect(path)
            own.execute("BEGIN IMMEDIATE")
            own.execute(INSERT, (2,))
            try:
                store.insert(3)
            except Failed:
                # The file anew, while the child's own sqlite3 has the write lock:
                # the store lets go of all it has inherited, and that stays locked.
                anew = Store(path)
                locked = elsewhere("write_lock", path)
                own.execute("COMMIT")
                own.close()
                anew.insert(4)
                anew.close()
                status = 0 if locked == "database is locked" else 2
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    errors = []
    # Who is not alone leaves the WAL.
    elsewhere("seconds", path)
    wal = os.path.exists(path + "-wal")
    for second in range(5, 10):
        acknowledged(lambda: store.insert(second), errors)
    rows = elsewhere("seconds", path)["rows"]
    theirs.close()
    store.close()
    return {"child": status, "wal": wal, "errors": errors, "rows": rows}


if __name__ == "__main__":
    case, library, path, *arguments = sys.argv[1:]
    if library:
        Store.library = ctypes.CDLL(library)
        for function in ("satori_store_open", "satori_store_close", "satori_insert", "satori_count"):
            getattr(Store.library, function).restype = c_int32
    print(json.dumps(globals()[case](path, *arguments)))
