"""Write the migration that brings the newest schema to what the models say now.

    python scripts/migration.py "what changes, in a few words"
    python scripts/migration.py --anew     before the first release: one initial migration in place of all

It compares with an empty SQLite database brought to the newest migration; tests/test_migrations.py holds the outcome
to both databases.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from marketplace import config, db, migrating

VERSIONS = config.resource("migrations") / "versions"


def main(words: list[str]) -> None:
    anew = words == ["--anew"]
    if anew:
        for old in VERSIONS.glob("*.py"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        database = db.connect(f"sqlite:///{Path(folder) / 'empty.db'}")
        if any(VERSIONS.glob("*.py")):
            migrating.migrate(database)
        with database.connect() as connection:
            setting = migrating.alembic_config()
            setting.attributes["connection"] = connection
            message = "the schema at the beginning" if anew else " ".join(words) or "changes"
            options = {"rev_id": "0001"} if anew else {"rev_id": f"{len(list(VERSIONS.glob('*.py'))) + 1:04d}"}
            command.revision(setting, message, autogenerate=True, **options)
        database.dispose()


main(sys.argv[1:])
