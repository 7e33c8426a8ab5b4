"""The keys that the other zone needs of this one."""

import base64
import secrets

from django.core.management.base import BaseCommand

from apps.record import crossing, sealing


class Command(BaseCommand):
    help = "打印另一个区要填的公钥：签名公钥（ZONE_PEER_KEYS）和联系方式公钥（CONTACT_PUBLIC_KEY）；--new 生成本区的 ZONE_KEY。"

    def add_arguments(self, parser) -> None:
        parser.add_argument("--new", action="store_true", help="生成一个新的 ZONE_KEY（只打印，不保存）")

    def handle(self, *args, **options) -> None:
        if options["new"]:
            self.stdout.write(f"ZONE_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}")
            return
        try:
            public = crossing.own_key().public_key().public_bytes_raw()
            self.stdout.write(f"ZONE_PEER_KEYS={base64.b64encode(public).decode()}")
        except crossing.CannotCross as refusal:
            self.stderr.write(str(refusal))
        self.stdout.write(f"CONTACT_PUBLIC_KEY={base64.b64encode(sealing.office_public()).decode()}")
