"""Another program on the same files: takes requests as JSON lines, answers as JSON lines."""

import json
import sqlite3
import sys


def opened(path, timeout, isolation):
    return sqlite3.connect(
        path, timeout=timeout, isolation_level=None if isolation == "none" else isolation
    )


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def dump(connection):
    """Returns all tables but the store's own: SQL and rows, each value with its type."""
    connection.text_factory = bytes
    lines = []
    for kind, name, sql in connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view')"
        " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_!_%' ESCAPE '!'"
        " AND name <> 'streams' ORDER BY name"
    ).fetchall():
        table = quoted(name.decode())
        lines.append(repr((kind, name, sql)))
        columns = [
            quoted(row[1].decode()) for row in connection.execute(f"PRAGMA table_info({table})")
        ]
        picked = ", ".join(f"quote({column}), typeof({column})" for column in columns)
        lines += map(repr, connection.execute(f"SELECT {picked} FROM {table}"))
    return "\n".join(lines)


def answer(connection, request):
    if "script" in request:
        connection.executescript(request["script"])
        connection.commit()
    elif "commit" in request:
        connection.commit()
    elif "close" in request:
        connection.close()
    elif "dump" in request:
        return {"dump": dump(connection)}
    else:
        cursor = connection.execute(request["sql"], request["params"])
        rows = [list(row) for row in cursor.fetchall()]
        return {"columns": [column[0] for column in cursor.description or []], "rows": rows}
    return {}


connection = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "open" in request:
            connection = opened(request["open"], request["timeout"], request["isolation"])
            result = {}
        else:
            result = answer(connection, request)
    except sqlite3.Error as error:
        result = {"error": str(error)}
    print(json.dumps(result), flush=True)
if connection is not None:
    connection.close()
