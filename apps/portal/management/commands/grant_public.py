"""Give the role of the public pages exactly the rights of `apps.portal.grants`, and no others."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from apps.portal.grants import GRANTS, ROLE


class Command(BaseCommand):
    help = "建立公众区数据库角色 geo_public，并把它的权限设成清单所列（多的收回，少的补上）；可重复运行。"

    def handle(self, *args, **options) -> None:
        missing = sorted(set(GRANTS) - set(connection.introspection.table_names()))
        if missing:
            raise CommandError(f"数据库里还没有 {'、'.join(missing)}：请先运行 manage.py migrate 和 manage.py createcachetable。")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                self._ensure_role(cursor)
                cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
                cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLE}")
                for table, rights in GRANTS.items():
                    cursor.execute(f"GRANT {', '.join(rights)} ON {connection.ops.quote_name(table)} TO {ROLE}")
        except ProgrammingError as error:
            raise CommandError(
                f"不能设置角色 {ROLE}：{error}请让数据库管理员执行 CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO 连接所用的用户; 然后重新运行。"
            ) from error
        if options["verbosity"]:
            self.stdout.write(f"角色 {ROLE} 的权限已按清单设好：{len(GRANTS)} 张表。")

    def _ensure_role(self, cursor) -> None:
        # Roles belong to the whole cluster: another database's set-up may create it in the same moment.
        cursor.execute(f"""
            DO $$ BEGIN
                CREATE ROLE {ROLE} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$""")
        cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [ROLE])
        if not cursor.fetchone()[0]:
            cursor.execute(f"GRANT {ROLE} TO CURRENT_USER")
