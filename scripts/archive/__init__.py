"""Backups: the stores of an installation as files, and back.

A snapshot is a folder: `NAME.sqlite` or `NAME.sql.gz` for each database, `redis.rdb`, and beside it
the folder `objects`, which all snapshots share because objects never change.
"""
