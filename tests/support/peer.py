"""Another program on the same file: takes SQL as JSON lines, answers as JSON lines."""

import json
import sqlite3
import sys

path, timeout, isolation = sys.argv[1:4]
connection = sqlite3.connect(
    path, timeout=float(timeout), isolation_level=None if isolation == "none" else isolation
)
for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["sql"] == "commit":
            connection.commit()
            answer = {"columns": [], "rows": []}
        elif request.get("many") is not None:
            connection.executemany(request["sql"], request["many"])
            answer = {"columns": [], "rows": []}
        else:
            cursor = connection.execute(request["sql"], request["params"])
            rows = [list(row) for row in cursor.fetchall()]
            columns = [column[0] for column in cursor.description or []]
            answer = {"columns": columns, "rows": rows}
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
connection.close()
