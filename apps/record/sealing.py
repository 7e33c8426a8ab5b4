"""Sealed boxes: anybody with the public key can close one, only the office's private key opens it.

The public zone takes contacts in and must not be able to read them, not even those it has just taken in. Each box has a key of its
own, agreed between a fresh X25519 key and the office's (RFC 7748), drawn out by HKDF and used once with ChaCha20-Poly1305. The office's
private key is drawn out of CONTACT_KEY; `manage.py zone_keys` prints the public one for the other zone (CONTACT_PUBLIC_KEY).
"""

import base64
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = b"\x01"
PUBLIC = 32  # bytes of a public key
ONCE = bytes(12)  # the nonce: a box's key is never used a second time
FERNET = b"gAAAA"  # how contacts begin that were sealed before there were boxes


class Unreadable(Exception):
    """It was sealed for another key, or has been changed."""


def seal(content: bytes) -> bytes:
    fresh = X25519PrivateKey.generate()
    own, office = fresh.public_key(), X25519PublicKey.from_public_bytes(office_public())
    box = ChaCha20Poly1305(_drawn(fresh.exchange(office), own.public_bytes_raw() + office.public_bytes_raw()))
    return VERSION + own.public_bytes_raw() + box.encrypt(ONCE, content, None)


def unseal(sealed: bytes) -> bytes:
    """Only where CONTACT_KEY is. Raises Unreadable."""
    if not settings.CONTACT_KEY:
        raise Unreadable("这个区没有打开联系方式的密钥。")
    if sealed.startswith(FERNET):
        try:
            return Fernet(settings.CONTACT_KEY).decrypt(sealed)
        except InvalidToken:
            raise Unreadable("联系方式打不开：密钥换过了，或内容被改过。") from None
    private = _private(settings.CONTACT_KEY)
    fresh, content = sealed[1 : 1 + PUBLIC], sealed[1 + PUBLIC :]
    try:
        if sealed[:1] != VERSION:
            raise ValueError
        key = _drawn(private.exchange(X25519PublicKey.from_public_bytes(fresh)), fresh + private.public_key().public_bytes_raw())
        return ChaCha20Poly1305(key).decrypt(ONCE, content, None)
    except (ValueError, InvalidTag):
        raise Unreadable("联系方式打不开：密钥换过了，或内容被改过。") from None


def office_public() -> bytes:
    """The office's public key, 32 bytes."""
    if settings.CONTACT_KEY:
        return _private(settings.CONTACT_KEY).public_key().public_bytes_raw()
    return base64.b64decode(settings.CONTACT_PUBLIC_KEY)


@lru_cache(maxsize=4)
def _private(contact_key: str) -> X25519PrivateKey:
    drawn = HKDF(SHA256(), 32, None, b"geo-renda contacts: x25519").derive(base64.urlsafe_b64decode(contact_key))
    return X25519PrivateKey.from_private_bytes(drawn)


def _drawn(shared: bytes, parties: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"geo-renda contacts: box" + parties).derive(shared)
