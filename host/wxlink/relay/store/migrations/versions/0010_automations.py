"""Alerts with their notifications; scenes, timers and rules with their runs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "alerts",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("point", sa.String(length=128), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.Column("cleared_at", sa.Double(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_cleared_at", "alerts", ["cleared_at"], unique=False)
    op.create_index("ix_alerts_did_point_raised_at", "alerts", ["did", "point", "raised_at"], unique=False)
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["did", "point"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("point", sa.String(length=128), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wakes_at", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_notifications_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint("event_id", "uid", "kind", name="uq_notifications_event_id_uid_kind"),
    )
    op.create_index("ix_notifications_created_at", "notifications", ["created_at"], unique=False)
    op.create_index("ix_notifications_uid", "notifications", ["uid"], unique=False)
    op.create_index("ix_notifications_wakes_at", "notifications", ["wakes_at"], unique=False)
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("remark", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=8), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("fired_at", sa.Double(), nullable=True),
        sa.Column("window_at", sa.Double(), nullable=False),
        sa.Column("window_count", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_rules_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_rules_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
    )
    op.create_index("ix_rules_changed_at", "rules", ["changed_at"], unique=False)
    op.create_index("ix_rules_did", "rules", ["did"], unique=False)
    op.create_index("ix_rules_uid", "rules", ["uid"], unique=False)
    op.create_table(
        "scenes",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("remark", sa.String(length=255), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_scenes_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_scenes"),
    )
    op.create_index("ix_scenes_uid_created_at", "scenes", ["uid", "created_at"], unique=False)
    op.create_table(
        "timers",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=True),
        sa.Column("group_id", sa.String(length=24), nullable=True),
        sa.Column("scene_id", sa.String(length=24), nullable=True),
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_timers_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_timers_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scene_id"], ["scenes.id"], name="fk_timers_scene_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_timers_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_timers"),
    )
    op.create_index("ix_timers_did", "timers", ["did"], unique=False)
    op.create_index("ix_timers_group_id", "timers", ["group_id"], unique=False)
    op.create_index("ix_timers_next_at", "timers", ["next_at"], unique=False)
    op.create_index("ix_timers_scene_id", "timers", ["scene_id"], unique=False)
    op.create_index("ix_timers_uid_created_at", "timers", ["uid", "created_at"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("timer_id", sa.String(length=24), nullable=True),
        sa.Column("scene_id", sa.String(length=24), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("wakes_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name="fk_runs_rule_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scene_id"], ["scenes.id"], name="fk_runs_scene_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["timer_id"], ["timers.id"], name="fk_runs_timer_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_runs_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_due_at", "runs", ["due_at"], unique=False)
    op.create_index("ix_runs_rule_id_due_at", "runs", ["rule_id", "due_at"], unique=False)
    op.create_index("ix_runs_scene_id_due_at", "runs", ["scene_id", "due_at"], unique=False)
    op.create_index("ix_runs_timer_id_due_at", "runs", ["timer_id", "due_at"], unique=False)
    op.create_index("ix_runs_uid", "runs", ["uid"], unique=False)
    op.create_index("ix_runs_wakes_at", "runs", ["wakes_at"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_runs_wakes_at", table_name="runs")
    op.drop_index("ix_runs_uid", table_name="runs")
    op.drop_index("ix_runs_timer_id_due_at", table_name="runs")
    op.drop_index("ix_runs_scene_id_due_at", table_name="runs")
    op.drop_index("ix_runs_rule_id_due_at", table_name="runs")
    op.drop_index("ix_runs_due_at", table_name="runs")
    op.drop_table("runs")
    op.drop_index("ix_timers_uid_created_at", table_name="timers")
    op.drop_index("ix_timers_scene_id", table_name="timers")
    op.drop_index("ix_timers_next_at", table_name="timers")
    op.drop_index("ix_timers_group_id", table_name="timers")
    op.drop_index("ix_timers_did", table_name="timers")
    op.drop_table("timers")
    op.drop_index("ix_scenes_uid_created_at", table_name="scenes")
    op.drop_table("scenes")
    op.drop_index("ix_rules_uid", table_name="rules")
    op.drop_index("ix_rules_did", table_name="rules")
    op.drop_index("ix_rules_changed_at", table_name="rules")
    op.drop_table("rules")
    op.drop_index("ix_notifications_wakes_at", table_name="notifications")
    op.drop_index("ix_notifications_uid", table_name="notifications")
    op.drop_index("ix_notifications_created_at", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index(
        "ix_alerts_open",
        table_name="alerts",
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.drop_index("ix_alerts_did_point_raised_at", table_name="alerts")
    op.drop_index("ix_alerts_cleared_at", table_name="alerts")
    op.drop_table("alerts")
