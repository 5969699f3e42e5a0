"""The ledger in SQL, on SQLite and Postgres.

`store` says what can be asked of it; `queries` reads the named queries in `sql/`; `sqlite` and `postgres` open
connections and know how to wait for changes; `migrate` applies the numbered files in `migrations/`. The tables are
called `app.*` on both: on SQLite the file is attached under that name.
"""
