#!/usr/bin/env python3
"""Writes vectors.h: what the stored formats must be, computed without libsodium.

Hashes come from hashlib, XChaCha20-Poly1305 from the plain text of RFC 8439 and the XChaCha draft. The test's entropy
counts bytes 00 01 02 ..., so keys and nonces are known. Run: ./make_vectors.py | clang-format > vectors.h
"""
import base64
import hashlib
import struct

MASK = 0xFFFFFFFF


def rotate(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & MASK


def quarter(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & MASK
        s[z] = rotate(s[z] ^ s[x], bits)


def rounds(state):
    s = list(state)
    for _ in range(10):
        for column in range(4):
            quarter(s, column, column + 4, column + 8, column + 12)
        for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, a, b, c, d)
    return s


CONSTANT = struct.unpack("<4I", b"expand 32-byte k")


def block(key, tail):
    """tail: 16 bytes of counter and nonce."""
    state = CONSTANT + struct.unpack("<8I", key) + struct.unpack("<4I", tail)
    return state, rounds(state)


def hchacha(key, nonce16):
    _, s = block(key, nonce16)
    return struct.pack("<8I", *(s[:4] + s[12:]))


def chacha_stream(key, tails, text):
    out = b""
    for i, tail in zip(range(0, len(text), 64), tails):
        state, s = block(key, tail)
        stream = struct.pack("<16I", *((a + b) & MASK for a, b in zip(state, s)))
        out += bytes(x ^ y for x, y in zip(text[i : i + 64], stream))
    return out


def poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(text), 16):
        total = (total + int.from_bytes(text[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def pad16(text):
    return text + bytes(-len(text) % 16)


def xchacha_poly(key, nonce, aad, text):
    subkey = hchacha(key, nonce[:16])
    tails = [struct.pack("<I", i) + bytes(4) + nonce[16:] for i in range(len(text) // 64 + 2)]
    one_time = chacha_stream(subkey, tails[:1], bytes(32))
    sealed = chacha_stream(subkey, tails[1:], text)
    mac_text = pad16(aad) + pad16(sealed) + struct.pack("<QQ", len(aad), len(sealed))
    return sealed + poly1305(one_time, mac_text)


def xchacha_stream(key, nonce, text):
    """The 64-bit counter form, as libsodium's crypto_stream_xchacha20."""
    tails = [struct.pack("<Q", i) + nonce[16:] for i in range(len(text) // 64 + 1)]
    return chacha_stream(hchacha(key, nonce[:16]), tails, text)


def b2(key, personal, message):
    assert len(personal) == 16
    return hashlib.blake2b(message, digest_size=32, key=key, person=personal).digest()


def lp(text):
    return struct.pack(">I", len(text)) + text


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


def envelope(key, commitment, padding_class, generation, nonce, aad_fields, text):
    aad = b"".join(lp(field) for field in aad_fields + [bytes([padding_class])])
    head = bytes([1, padding_class, 0, 0]) + u32(generation) + nonce + commitment
    return head + xchacha_poly(key, nonce, aad, text)


def padded(text, size):
    return text + b"\x80" + bytes(size - len(text) - 1)


class Counter:
    """The test's entropy."""

    def __init__(self):
        self.at = 0

    def take(self, n):
        self.at += n
        return bytes((self.at - n + i) & 0xFF for i in range(n))


KEK = bytes(range(0x80, 0xA0))
ENVIRONMENT = b"test"
KEK_GENERATION = 1


def wrap(random, tenant, subject, generation, key):
    nonce = random.take(24)
    message = u32(KEK_GENERATION)
    return envelope(
        b2(KEK, b"musubi/kek/enc/1", message), b2(KEK, b"musubi/kek/cmt/1", message), 0, KEK_GENERATION, nonce,
        [b"musubi/wrap/v1", ENVIRONMENT, tenant, subject, u32(generation), u32(KEK_GENERATION)], key)


def platform(random):
    keys, document = [], bytes([1, 4])
    for kind in range(1, 5):
        key = random.take(32)
        wrapped = wrap(random, b"", b"musubi.platform" + bytes([kind]), 1, key)
        keys.append(key)
        document += bytes([kind]) + u32(1) + struct.pack(">H", len(wrapped)) + wrapped
    return keys, document


KINDS = {
    "value": (b"musubi/value/v1", b"musubi/val/enc/1", b"musubi/val/cmt/1"),
    "record": (b"musubi/record/v1", b"musubi/rec/enc/1", b"musubi/rec/cmt/1"),
    "log": (b"musubi/logdetail/v1", b"musubi/det/enc/1", b"musubi/det/cmt/1"),
}
TENANT = b"kasai"
SUBJECT = bytes(range(0x10, 0x20))
ENTITY = bytes(range(0x30, 0x40))
GENERATION = 3


def seal(kind, root, nonce, entity, names, version, padding_class, text):
    label, key_personal, commitment_personal = KINDS[kind]
    entity_type, attribute, dataset = names
    message = lp(entity_type) + lp(attribute) + u32(GENERATION)
    return envelope(
        b2(root, key_personal, message), b2(root, commitment_personal, message), padding_class, GENERATION, nonce,
        [label, ENVIRONMENT, TENANT, SUBJECT, entity, entity_type, attribute, dataset, u64(version), u32(GENERATION)],
        text)


def service_id(psk, service, epoch, stored):
    root = b2(psk, b"musubi/serviceid", lp(ENVIRONMENT) + lp(TENANT) + lp(service) + u32(epoch))
    mac_key = b2(root, b"musubi/sid/mac/1", b"")
    stream_key = b2(root, b"musubi/sid/enc/1", b"")
    iv = b2(mac_key, b"musubi/sid/mac/1", stored)[:16]
    raw = b"\1" + u32(epoch) + iv + xchacha_stream(stream_key, iv + bytes(8), stored)
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def draft_vector():
    """Appendix A.3.1 of the XChaCha draft: shows that this file computes what the world does."""
    key, nonce = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
    text = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
            b"sunscreen would be it.")
    sealed = xchacha_poly(key, nonce, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), text)
    assert sealed[:16].hex() == "bd6d179d3e83d43b9576579493c0e939" and sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"
    return sealed


def emit(name, value):
    print(f"#define VECTOR_{name} \\")
    lines = [value[i : i + 84] for i in range(0, len(value), 84)]
    print(" \\\n".join(f'    "{line}"' for line in lines))


def main():
    print("/* vectors.h — expected bytes of the stored formats, written by make_vectors.py; don't edit.\n"
          " *\n * Must never be changed to make a test pass: stored data depend on these bytes.\n *\n"
          " * Layer: tests/unit/crypto. Thread-safe: pure. */\n"
          "#ifndef MUSUBI_VECTORS_H\n#define MUSUBI_VECTORS_H\n")
    random = Counter()
    keys, document = platform(random)
    sdek = random.take(32)
    emit("PLATFORM", document.hex())
    emit("WRAPPED", wrap(random, TENANT, SUBJECT, GENERATION, sdek).hex())
    names = (b"Person", b"familyName", b"urn:d:1")
    emit("VALUE", seal("value", sdek, random.take(24), ENTITY, names, 7, 2, padded(b"plain text", 64)).hex())
    names = (b"Grant", b"body", b"")
    record = seal("record", sdek, random.take(24), bytes(16), names, 2**40, 7, padded(b"x" * 1500, 2048))
    emit("RECORD_SHA256", hashlib.sha256(record).hexdigest())
    log_key = b2(sdek, b"musubi/log/enc/1", u32(GENERATION))
    names = (b"AccessLog", b"node-1", b"")
    emit("DETAIL", seal("log", log_key, random.take(24), bytes(16), names, 0, 1, padded(b"", 32)).hex())
    emit("FINDER", b2(log_key, b"musubi/log/fnd/1", lp(b"node-1") + u64(2) + u64(5))[:8].hex())
    emit("MAC", b2(sdek, b"musubi/ent/mac/1", lp(ENVIRONMENT) + lp(TENANT) + lp(SUBJECT) + u32(GENERATION)
                   + lp(b"versions") + lp(b"message")).hex())
    parts = lp(ENVIRONMENT) + lp(TENANT) + lp(b"entity-id") + lp(b"Person") + lp(b"42")
    emit("PSEUDONYM_16", b2(keys[0], b"musubi/pseudonym", parts)[:16].hex())
    emit("PSEUDONYM_8", b2(keys[0], b"musubi/attrtok/1", parts)[:8].hex())
    emit("SERVICE_ID", service_id(keys[0], b"kenko", 2, ENTITY).decode())
    emit("TOKEN_HASH", b2(keys[3], b"musubi/tok/hash1", lp(ENVIRONMENT) + lp(b"access") + lp(b"token")).hex())
    emit("LOG_SEED", keys[2].hex())
    emit("TOKEN_SEED", b2(keys[3], b"musubi/sig/seed1", lp(b"token")).hex())
    emit("RECEIPT_SEED", b2(keys[3], b"musubi/sig/seed1", lp(b"receipt")).hex())
    emit("DRAFT_SEALED", draft_vector().hex())
    emit("COMMITMENT", hashlib.sha256(b"\x02" + bytes(range(16)) + b"subject").hexdigest())
    emit("BLAKE2B_ABC", hashlib.blake2b(b"abc", digest_size=32).hexdigest())
    print("\n#endif")


main()
