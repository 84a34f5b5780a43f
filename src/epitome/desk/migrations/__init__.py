"""How the database came to be what it is, one file a step. They are run at each start (`desk/database.py`).

A new table: describe it in `desk/tables.py`; add `versions/v0004_NAME.py` with `revision`, the `down_revision`
before it and an `upgrade()` that writes the same out, since a step stays as it is when the tables change later.
`tests/full/desk/test_database.py` fails where the two differ. There is no way down: restore the backup.
"""
