"""The engine's storage, under the names that engines call.

An engine changes one import::

    from satori_store.engine import EngineSqliteDatabase, EngineStorageManager

and keeps its calls: classes, methods, arguments and results are those it knows. The
file stays one that an engine of today can open, and may have open meanwhile.

Timestamps. Text such as ``"2024-01-03 12:00"`` is stored as it stands, and found again
under that text. Data frames and ``getLatestPrediction`` give it as Unix seconds, as the
engine's do, and numbers as they are stored; ``getLatestTimestamp`` gives what is stored. A
number, text that is one (SQLite makes a number of it anyway) or a
``datetime`` is stored as Unix seconds. In a table that holds text it is stored as text
spelled like the last one there, because a number sorts before all text, and ``ORDER BY ts
DESC LIMIT 1`` would never come to it. A ``datetime`` without a time zone is UTC, as text
without an offset is.

What is different, on purpose:

- **Reads raise errors** (:class:`satori_store.StoreError` and its kinds), while the engine
  logs them and goes on with nothing: a table that can't be read is not an empty one. A
  stream that doesn't exist is still no error: it has no rows. **Writes** that return a
  ``bool`` or a number return False or 0 if they fail, as the engine's do, and log the error
  with its cause (logger ``satori_store.engine``, level ERROR). With ``on_error="raise"``
  (an argument of both classes) they raise too. ``createTable``, ``deleteTable`` and
  ``storeServerResponse``, which report nothing by a ``bool``, always raise.
- **Rows that can't be read** (``ts`` ``None``, infinite values) are left out of every read,
  with one warning for each stream; counts of rows include them. The engine gives them as
  they are.
- **Row numbers are no timestamps.** ``insertDataframe`` refuses an index that may count rows,
  also one of which ``dropna``, ``sort_values``, ``concat`` or ``iloc`` left some: one with a
  number within 100,000,000 of 0 (to March 1973), also as text or category, that is not named
  ``ts``.
- **The instant is the key**, not its spelling: a row of the same instant in another
  spelling already exists, and is not inserted twice. The stored row is never overwritten.
  If the value differs, that is logged as a warning (logger ``satori_store.engine``), and
  the method reports that nothing was inserted.
- **Order is that of time**, and the latest row is the latest in time, also in a table
  that holds numbers and text.
- **Reading doesn't write**: ``getTableData`` leaves text timestamps in the file as they are
  (an engine that rewrites them may lose a row); ``migrateTimestampFormat`` rewrites them when
  it is called.
- **Ids are kept**: ``upsertStream`` gives a stream no new ``id`` and no new
  ``created_at``. An argument that is left out keeps what is stored, None clears it.
- **Hashes**: a hash that is missing (None, NaN, empty text) is chained to the latest
  row's. Within a data frame each row is chained to the one before it.
- **Names** are not unique: ``getStreamByName`` gives the one of several streams that was
  synced last.
- **Metadata** lists its streams by id, and its times as the store writes them
  (``last_synced`` with a ``T`` and microseconds), however the row spells them.
- ``storeStreamObservation`` with metadata stores the observation, then the metadata, and
  returns what came of the observation. If writing the metadata fails, that is logged.
  ``storeServerResponse`` does both in one transaction.
- ``listTables`` lists streams' tables only: not ``streams``, no bookkeeping, and nothing
  else that holds no observations.
- A data frame of a stream that has no rows has the columns and the index of one that has.

``storeServerResponse`` is new: it takes in the server's answers whole, metadata and
observation in one transaction.
"""

from __future__ import annotations

from .database import EngineSqliteDatabase
from .storage import EngineStorageManager

__all__ = ["EngineSqliteDatabase", "EngineStorageManager"]
