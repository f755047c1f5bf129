"""Alembic's way into the project: `marketplace.migrating` hands over the connection."""

from typing import Any

from alembic import context
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.types import Enum, TypeDecorator

import marketplace.app  # noqa: F401  so that every room's tables are known
from marketplace.db import Base, JSONValue


def plainly(kind: str, item: Any, _: Any) -> str | bool:
    """Write column types without our own classes: a migration must still run when those have changed."""
    if kind == "type" and item is JSONValue:
        return "sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), 'postgresql')"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), True_ | False_):
        return "sa.true()" if isinstance(item.arg, True_) else "sa.false()"  # SQLite's 0 is no boolean elsewhere
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=plainly,
)
with context.begin_transaction():
    context.run_migrations()
