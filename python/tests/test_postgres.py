"""A store in PostgreSQL: on the server that SATORI_STORE_POSTGRES names, with a library that was
built with the feature `postgres`. That no URL shows its password is tested without one."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import pytest

import satori_store
from satori_store import Store
from satori_store._text import url_shown
from satori_store.engine import EngineSqliteDatabase, EngineStorageManager

SERVER = os.environ.get("SATORI_STORE_POSTGRES", "")
_USER = SERVER.partition("@")[0].split(":")
#: That of the server, which it may not ask for.
PASSWORD = _USER[2] if len(_USER) == 3 else "top-secret"
_MADE = itertools.count()


@pytest.fixture
def url() -> Iterator[str]:
    """Makes an empty place on the server; returns its URL, with a password."""
    server = SERVER
    if not server:
        pytest.skip("SATORI_STORE_POSTGRES names no server")
    try:
        Store(server, create=False, read_only=True).close()
    except satori_store.CannotOpen as error:
        if "lacks the feature" in str(error):
            pytest.skip("the library was built without PostgreSQL")
        raise
    except satori_store.NotAStore:
        pass  # as the database may be empty
    schema = f"test_python_{os.getpid()}_{next(_MADE)}"
    subprocess.run(["psql", "-Xqc", f"CREATE SCHEMA {schema}", server], check=True)
    user, _, host = server.partition("@")
    user = ":".join(user.split(":")[:2])
    yield f"{user}:{PASSWORD}@{host}?options=-csearch_path%3D{schema}"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgres://host/db", "postgres://host/db"),
        (f"postgres://ann:{PASSWORD}@host:1/db", "postgres://***@host:1/db"),
        (f" POSTGRES://ann:{PASSWORD}@host/db?x=1", "POSTGRES://***@host/db?***"),
        (f"postgres://host/db?password={PASSWORD}", "postgres://host/db?***"),
        (f"postgres://ann:a@{PASSWORD}@host/db", "postgres://***"),
        (f"postgres://ann:a/{PASSWORD}@host/db", "postgres://***"),
        (f"postgres:/ann:{PASSWORD}@host/db", "postgres://***@host/db"),
        (f"jdbc:postgresql://ann:{PASSWORD}@host/db", "jdbc:postgresql://***@host/db"),
        ("/a/engine.db", None),
        ("./postgres://x", None),
        ("c:/engine.db", None),
        ("", None),
    ],
)
def test_a_url_is_shown_without_its_password(given: str, wanted: Optional[str]) -> None:
    assert url_shown(given) == wanted
    # The library agrees on what is a URL.
    if wanted is not None:
        with pytest.raises(satori_store.CannotOpen) as refused:
            Store(given.replace("host", "127.0.0.1:1", 1).replace("1:1:1", "1:1"))
        assert PASSWORD not in str(refused.value)


def test_connect_takes_urls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for wrong in ("engine.db", "", f"mysql://ann:{PASSWORD}@host", Path("postgres://host"), None):
        with pytest.raises(satori_store.InvalidArgument) as refused:
            Store.connect(wrong)  # type: ignore[arg-type]
        assert PASSWORD not in str(refused.value)
    with pytest.raises(satori_store.InvalidUtf8) as invalid:
        Store(f"postgres://ann:{PASSWORD}@host/\ud800")
    assert PASSWORD not in str(invalid.value)
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_a_database(url: str) -> None:
    with Store.connect(url) as store, Store(url, read_only=True) as other:
        store.upsert_stream("s", name="bitcoin")
        assert store.insert("s", [(second, second / 2) for second in range(100)]).inserted == 100
        assert other.count("s") == 100
        stream = other.stream_by_name("bitcoin")
        assert stream is not None and stream.uuid == "s"
        assert [row.value for row in other.last("s", 2)] == [49.0, 49.5]
        assert store.path is None and store.url is not None and PASSWORD not in store.url
        for shown in (repr(store), store._repr_html_()):
            assert PASSWORD not in shown and "postgres" in shown
        with pytest.raises(satori_store.ReadOnly):
            other.insert("s", 1000, 1)
        with pytest.raises(satori_store.Unsupported, match="pg_dump"):
            store.backup("copy.db")
    assert PASSWORD not in repr(store)
    with pytest.raises(satori_store.Closed) as closed:
        store.count("s")
    assert PASSWORD not in str(closed.value)
    with Store(url.encode()) as again:
        assert again.count("s") == 100


def test_a_database_that_is_not_there(url: str) -> None:
    missing = url.replace("?", "_missing?")
    with pytest.raises(satori_store.CannotOpen) as refused:
        Store.connect(missing)
    assert refused.value.sqlstate == "3D000" and PASSWORD not in str(refused.value)
    with pytest.raises(satori_store.NotAStore):
        Store.connect(url, create=False)


def test_the_drop_in_takes_a_url(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = EngineSqliteDatabase(url)
    assert PASSWORD not in f"{database.dbname} {database.data_dir}"
    assert database.insertRow("s", "2024-01-03 12:00", 1.5, "h", "engine")
    database.disconnect()
    with pytest.raises(satori_store.Closed) as closed:
        database.listTables()
    assert PASSWORD not in str(closed.value)
    manager = EngineStorageManager(dbname=url)
    assert manager.db.listTables() == ["s"]
    manager.close()
    assert list(tmp_path.iterdir()) == []
