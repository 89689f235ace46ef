"""Reports, and which accounts an operator has hidden."""

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, IntegerField, Model

from microkit.storage.schema import create_table


class Report(Model):
    id = BigAutoField()
    kind = IntegerField()
    target_id = BigIntegerField()
    reporter_id = BigIntegerField()
    reason = CharField(max_length=200)
    created_ms = BigIntegerField()

    class Meta:
        table_name = "report"
        indexes = ((("kind", "target_id", "reporter_id"), True),)


def up(migrator, db):
    create_table(db, Report)
    # Unset by processes of older versions.
    # MySQL commits a column at once: this may have been done before, and not been noted.
    if "hidden" not in {column.name for column in db.get_columns("user")}:
        migrator.migrate(migrator.add_column("user", "hidden", BooleanField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_table("report"), migrator.drop_column("user", "hidden"))
