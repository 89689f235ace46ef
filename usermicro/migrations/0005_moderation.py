"""Reports, and which accounts an operator has hidden."""

from peewee import BigAutoField, BigIntegerField, CharField, IntegerField, Model

from microkit.storage.schema import add_column, create_table


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
    add_column(db, "user", "hidden", "BOOL NULL")


def down(migrator, db):
    migrator.migrate(migrator.drop_table("report"), migrator.drop_column("user", "hidden"))
