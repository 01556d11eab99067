/* verifier_key.h — the text by which an auditor knows a log's key: C2SP's `<name>+<key id in
 * hex>+<base64(0x01 ‖ key)>`.
 *
 * Must never hold a private key.
 *
 * Layer: vault/tool. Thread-safe: pure. Standard: C2SP signed-note. */
#ifndef MUSUBI_VERIFIER_KEY_H
#define MUSUBI_VERIFIER_KEY_H

#include "checkpoint.h"

/* The text, in the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error verifier_key_write(Arena *arena, Str origin, const uint8_t key[SIGN_PUBLIC_BYTES],
                         Str *ret_text) MUST_USE;
/* Reads it back; origin is a view of text. Errors: CONF_BAD_VALUE (argument: what is wrong with
 * it). */
Error verifier_key_read(Arena *arena, Str text, Str *ret_origin, LogKey *ret_key) MUST_USE;

#endif
